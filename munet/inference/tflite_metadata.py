"""The metadata that MediaPipe's Image Segmenter asks of a `.tflite` file, beside the model's own settings.

    describe("munet.tflite", "MU-Net", "sclera segmentation")

The file's flatbuffer gets a buffer `TFLITE_METADATA` by TensorFlow Lite's metadata schema (identifier M001):
what goes in, what comes out, and that nothing is left to be applied to it. The numbers of fields are those of
the schemas in https://github.com/google-ai-edge/mediapipe/tree/master/mediapipe/tasks/metadata.
"""

from pathlib import Path

METADATA_NAME = "TFLITE_METADATA"
SEGMENTER_NAME = "SEGMENTER_METADATA"
PARSER_VERSION = "1.5.0"  # the first that knows custom metadata
_RGB = 1  # of ColorSpaceType
_FEATURES, _IMAGE = 1, 2  # of the union ContentProperties


def describe(path, name, description):
    """Writes the metadata into a `.tflite` file, in the place of what it has, and drops the names of inner
    tensors.

    Args:
        path: the file, changed in place; it has nothing behind its flatbuffer.
        name: of the model.
        description: what it does, in a line or more.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(Path(path).read_bytes())))
    entry = next((entry for entry in model.metadata or [] if entry.name == METADATA_NAME.encode()), None)
    if entry is None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = METADATA_NAME, len(model.buffers)
        model.buffers.append(schema.BufferT())
        model.metadata = [*(model.metadata or []), entry]
    model.buffers[entry.buffer].data = _metadata(
        flatbuffers.Builder(1024), name, description, _options(flatbuffers.Builder(64))
    )
    graph = model.subgraphs[0]
    for number, tensor in enumerate(graph.tensors):
        if number not in (*graph.inputs, *graph.outputs):
            tensor.name = None  # a twentieth of an 8-bit file
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    Path(path).write_bytes(builder.Output())


def _options(builder):
    """ImageSegmenterOptions: no activation, since the sigmoid is part of the network."""
    builder.Finish(_table(builder, {1: builder.CreateString(PARSER_VERSION)}), b"V001")
    return bytes(builder.Output())


def _metadata(builder, name, description, options):
    text = builder.CreateString
    rgb = _table(builder, {}, {0: _RGB})
    image = _tensor(builder, "image", "RGB, 0 to 255, upright", rgb, _IMAGE)
    sclera = _tensor(builder, "sclera", "probability that a pixel is sclera", _table(builder, {}), _FEATURES)
    custom = _table(builder, {0: text(SEGMENTER_NAME), 1: builder.CreateByteVector(options)})
    graph = _table(
        builder, {2: _vector(builder, image), 3: _vector(builder, sclera), 9: _vector(builder, custom)}
    )
    builder.Finish(
        _table(
            builder,
            {0: text(name), 1: text(description), 3: _vector(builder, graph), 7: text(PARSER_VERSION)},
        ),
        b"M001",
    )
    return bytes(builder.Output())


def _tensor(builder, name, description, properties, kind):
    content = _table(builder, {1: properties}, {0: kind})
    return _table(builder, {0: builder.CreateString(name), 1: builder.CreateString(description), 3: content})


def _table(builder, references, numbers=None):
    """A table of {field: offset of what was written before} and {field: byte}."""
    builder.StartObject(1 + max([-1, *references, *(numbers or {})]))
    for field, number in (numbers or {}).items():
        builder.PrependByteSlot(field, number, 0)
    for field, offset in references.items():
        builder.PrependUOffsetTRelativeSlot(field, offset, 0)
    return builder.EndObject()


def _vector(builder, offset):
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()
