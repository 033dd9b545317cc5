"""The paper's own questions, asked of the embedded models: builds, numbers, addresses of views.

Each study finds the head that it is about, measures what one should see in it, and names the view
that shows it. Tests hold the numbers and drive the page; ``scripts/make_pictures.py`` takes the
pictures.
"""

from scripts.case_studies.corpora import build_all
from scripts.case_studies.studies import STUDIES, Study

__all__ = ["STUDIES", "Study", "build_all"]
