"""The image processor of a model, and the processor of a model that reads images and texts."""

from typing import Any

from transformers import AutoImageProcessor, PretrainedConfig, ProcessorMixin
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING, processor_class_from_name

from attentionviz.errors import ModelNotAvailableError
from attentionviz.models.files import read_json
from attentionviz.models.names import ModelSource
from attentionviz.models.steps import step
from attentionviz.models.tokenizer import load_tokenizer

IMAGE_FILES = ("preprocessor_config.json", "processor_config.json")
CLASS_FILES = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")


def load_image_processor(source: ModelSource) -> Any:
    """Return the image processor in a model's folder.

    Raises
    ------
    ModelNotAvailableError
        If it is missing or cannot be read.
    """
    found = [name for name in IMAGE_FILES if (source.folder / name).is_file()]
    if not found:
        raise ModelNotAvailableError(
            f"{source.name} has no {IMAGE_FILES[0]}; save that of the model: "
            f'`AutoImageProcessor.from_pretrained("…").save_pretrained("{source.name}")`'
        )
    for name in found:
        read_json(source, name)  # raises with a clear message if it is not JSON
    with step(f"reading the image processor of {source.name}", ModelNotAvailableError, source):
        return AutoImageProcessor.from_pretrained(
            source.folder, backend="pil", trust_remote_code=False, local_files_only=True
        )


def load_processor(source: ModelSource, config: PretrainedConfig) -> Any:
    """Return the processor of a model that reads images and texts, without its video processor.

    Videos need torchvision, which images do not.

    Raises
    ------
    ModelNotAvailableError
        If a part of it is missing or cannot be read.
    """
    kind = _class_of(source, config)
    parts = {"image_processor": load_image_processor(source), "tokenizer": load_tokenizer(source)}
    with step(f"reading the processor of {source.name}", ModelNotAvailableError, source):
        settings, _ = kind.get_processor_dict(source.folder, local_files_only=True)
        without_videos: Any = type(
            kind.__name__, (_WithoutVideos, kind), {"__init__": kind.__init__}
        )
        arguments = [parts.get(name) for name in kind.get_attributes()]
        return without_videos.from_args_and_dict(arguments, settings)


class _WithoutVideos(ProcessorMixin):
    def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
        """Accept that a part is missing."""
        if argument is not None:
            return super().check_argument_for_proper_class(argument_name, argument)
        return None


def _class_of(source: ModelSource, config: PretrainedConfig) -> Any:
    """Return the processor class that the files of a model name, or that of its family."""
    for name in CLASS_FILES:
        if (source.folder / name).is_file():
            named = read_json(source, name).get("processor_class")
            found = processor_class_from_name(named) if isinstance(named, str) else None
            if found is not None:
                return found
    if type(config) not in PROCESSOR_MAPPING:
        raise ModelNotAvailableError(
            f"{source.name} has no processor of images and texts; save that of the model: "
            f'`AutoProcessor.from_pretrained("…").save_pretrained("{source.name}")`'
        )
    return PROCESSOR_MAPPING[type(config)]
