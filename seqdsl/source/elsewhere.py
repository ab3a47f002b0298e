"""What PyTorch, Keras and Python call it, and what to write here: literal tables.

Names are looked up in lower case and without underscores, so that `BatchNorm2d`, `batch_norm2d`
and `batchnorm2d` are one entry. A row that names something to write is offered as an edit; one
that does not says why there is nothing, or what comes near.
"""

from __future__ import annotations

from enum import Enum

from seqdsl.source.frozen import frozen


class Arguments(Enum):
    """What becomes of a foreign call's arguments."""

    KEPT = "kept"
    DROPPED = "dropped"
    LISTED = "listed"  # one list of feature maps, and an axis after it


@frozen
class ForeignLayer:
    """A layer of another framework.

    ``write`` is the layer to call here; empty, the statement is left out; None, nothing fits.
    ``order`` names this language's parameters in the order of the other's, where "" is one that
    has no place here. ``by_name`` is for settings that are never given by their place.
    """

    write: str | None
    help: str
    arguments: Arguments = Arguments.KEPT
    order: tuple[str, ...] = ()
    by_name: bool = False


@frozen
class ForeignArgument:
    """A keyword of another framework: ``write`` renames it, empty leaves it out, None neither."""

    write: str | None
    help: str = ""


_DROPPED, _LISTED = Arguments.DROPPED, Arguments.LISTED
_POOL = ("kernel", "stride", "padding")


def _activation(near: str) -> ForeignLayer:
    return ForeignLayer(
        None,
        f"{near}; the activations are relu, relu6, leaky_relu, elu, sigmoid, hard_sigmoid, tanh, "
        "silu, hard_swish and gelu",
    )


def _none(help: str) -> ForeignLayer:
    return ForeignLayer(None, help)


_CONVOLUTION = (
    "`conv2d 3x3, 16` is the convolution alone, `conv 3x3, 16` one with batch norm and ReLU; "
    "unless told otherwise, both keep the size and have no bias"
)
_CONV2D = ForeignLayer(
    "conv2d",
    _CONVOLUTION,
    order=("", "width", "kernel", "stride", "padding", "dilation", "groups", "bias"),
)
_KERAS_CONV = ForeignLayer(
    "conv2d",
    _CONVOLUTION,
    order=("width", "kernel", "stride", "padding"),
)
_LINEAR = ForeignLayer(
    "linear", "`fc 10`, or `linear 10, bias=false`: it needs no width of its input",
    order=("", "width", "bias"),
)  # fmt: skip
_DENSE = ForeignLayer("fc", "`fc 10` is the fully connected layer", order=("width",))
_NORM = ForeignLayer("batch_norm", "`batch_norm` needs no number of channels", _DROPPED)
_MAX_POOL = ForeignLayer("max_pool", "`max_pool 2` is the pooling layer", order=_POOL)
_AVG_POOL = ForeignLayer("avg_pool", "`avg_pool 2` is the pooling layer", order=_POOL)
_GLOBAL = ForeignLayer(
    "global_average_pool", "`global_average_pool` takes no arguments and leaves 1x1", _DROPPED
)
_CAT = ForeignLayer(
    "concatenate", "`concatenate a, b` joins channels; a list or an axis is not given", _LISTED
)
_FLATTEN = ForeignLayer(
    "", "`fc` takes a feature map as it is: nothing is flattened before it", _DROPPED
)
_RESHAPE = _none(
    "a feature map keeps its shape: `fc` flattens, `shuffle g` permutes channels between groups, "
    "`regroup k` merges groups"
)
_UPSAMPLE = ForeignLayer(
    "upsample", "`upsample 2, mode=bilinear` enlarges by a whole factor", order=("", "factor")
)
_TRANSPOSED = _none("no transposed convolution: `upsample 2`, then `conv 3x3, width`")
_SEPARABLE = _none(
    "a depthwise convolution has as many groups as channels: `conv 3x3, it.width, "
    "groups=it.width`, then `conv 1x1, width`"
)
_ADD = ForeignLayer("add", "`add it, skip` is the elementwise sum", _LISTED)
_MULTIPLY = ForeignLayer("multiply", "`multiply it, gate` is the elementwise product", _LISTED)
_ONE_DIMENSION = _none(
    "networks are two-dimensional: write a kernel such as 1x3 over `input 8x1xN`"
)
_LAYER_NORM = ForeignLayer(
    "layer_norm",
    "`layer_norm` goes over the channels of each position and needs no shape; its `eps` is 1e-6, "
    "where PyTorch's is 1e-5",
    Arguments.DROPPED,
)
_OTHER_NORM = _none("the normalisations are `batch_norm` and `layer_norm`")
_SEQUENTIAL = _none("layers follow one another, a line each; `block name { ... }` names them")
_ATTENTION = _none("the language has no attention; a gate is `multiply it, gate`")
_LOSS = _none("a loss belongs to training: `train { ... }`; the network ends in `softmax`")

LAYERS: dict[str, ForeignLayer] = {
    # convolutions and linear layers
    "conv2d": _CONV2D, "convolution2d": _KERAS_CONV, "convolution": _CONV2D,
    "convbnrelu": ForeignLayer("conv", "`conv 3x3, 16` is convolution, batch norm and ReLU",
                               order=("", "width", "kernel", "stride", "padding")),
    "conv3x3": ForeignLayer("conv 3x3,", "the kernel is an argument: `conv 3x3, 64`",
                            order=("", "width", "stride")),
    "conv1x1": ForeignLayer("conv 1x1,", "the kernel is an argument: `conv 1x1, 64`",
                            order=("", "width", "stride")),
    "conv1d": _ONE_DIMENSION, "conv3d": _ONE_DIMENSION,
    "convtranspose2d": _TRANSPOSED, "conv2dtranspose": _TRANSPOSED, "deconv": _TRANSPOSED,
    "depthwiseconv2d": _SEPARABLE, "separableconv2d": _SEPARABLE, "dwconv": _SEPARABLE,
    "depthwiseconv": _SEPARABLE,
    "linear": _LINEAR, "dense": _DENSE, "fullyconnected": _DENSE, "lazylinear": _DENSE,
    "lazyconv2d": _KERAS_CONV,
    # normalisation
    "batchnorm2d": _NORM, "batchnorm": _NORM, "batchnormalization": _NORM, "bn": _NORM,
    "batchnorm1d": _none("`batch_norm` needs height and width: put it before `fc`"),
    "layernorm": _LAYER_NORM, "layernorm2d": _LAYER_NORM, "layernormalization": _LAYER_NORM,
    "groupnorm": _OTHER_NORM, "instancenorm2d": _OTHER_NORM, "syncbatchnorm": _NORM,
    # pooling
    "maxpool2d": _MAX_POOL, "maxpool": _MAX_POOL, "maxpooling2d": _MAX_POOL,
    "avgpool2d": _AVG_POOL, "avgpool": _AVG_POOL, "averagepooling2d": _AVG_POOL,
    "gap": _GLOBAL, "globalavgpool": _GLOBAL, "adaptiveavgpool2d": _GLOBAL,
    "globalaveragepooling2d": _GLOBAL, "globalavgpool2d": _GLOBAL, "adaptiveaveragepool2d": _GLOBAL,
    "adaptiveavgpool": _GLOBAL,
    "adaptivemaxpool2d": _none("only the mean goes over the whole map: `global_average_pool`"),
    "globalmaxpooling2d": _none("only the mean goes over the whole map: `global_average_pool`"),
    # activations
    "swish": ForeignLayer("silu", "swish is `silu` here", _DROPPED),
    "hardswish": ForeignLayer("hard_swish", "it is `hard_swish` here", _DROPPED),
    "hardsigmoid": ForeignLayer("hard_sigmoid", "it is `hard_sigmoid` here", _DROPPED),
    "leakyrelu": ForeignLayer("leaky_relu", "its slope is given by name: `leaky_relu slope=0.1`",
                              order=("slope",), by_name=True),
    "relu": ForeignLayer("relu", "`relu` takes no arguments", _DROPPED),
    "silu": ForeignLayer("silu", "`silu` takes no arguments", _DROPPED),
    "gelu": ForeignLayer("gelu", "`gelu` takes no arguments", _DROPPED),
    "sigmoid": ForeignLayer("sigmoid", "`sigmoid` takes no arguments", _DROPPED),
    "tanh": ForeignLayer("tanh", "`tanh` takes no arguments", _DROPPED),
    "relu6": ForeignLayer("relu6", "`relu6` takes no arguments", _DROPPED),
    "softmax": ForeignLayer("softmax", "`softmax` takes no axis", _DROPPED),
    "logsoftmax": ForeignLayer("softmax", "a closing `softmax` is how the classifier is read",
                               _DROPPED),
    "elu": ForeignLayer("elu", "its scale below zero is given by name: `elu alpha=0.5`",
                        order=("alpha",), by_name=True),
    "selu": _activation("no SELU"), "celu": _activation("no CELU"),
    "prelu": _activation("no PReLU, and the slope of `leaky_relu` is not learned"),
    "mish": _activation("no Mish"), "softplus": _activation("no softplus"),
    "glu": _activation("no GLU: `multiply a, gate` gates"),
    "activation": _none("an activation is a layer of its own name, such as `relu`"),
    # joining, adding, shapes
    "cat": _CAT, "concat": _CAT, "hstack": _CAT, "stack": _CAT,
    "plus": _ADD, "sum": _ADD, "mul": _MULTIPLY, "times": _MULTIPLY, "dot": _MULTIPLY,
    "average": ForeignLayer("mean", "`mean a, b` is the elementwise mean", _LISTED),
    "flatten": _FLATTEN, "squeeze": _FLATTEN,
    "identity": ForeignLayer("", "the flow continues by itself: leave the line out", _DROPPED),
    "pass": ForeignLayer("", "empty braces need no statement: leave the line out", _DROPPED),
    "contiguous": ForeignLayer("", "tensors have no layout here: leave the line out", _DROPPED),
    "view": _RESHAPE, "reshape": _RESHAPE, "permute": _RESHAPE, "transpose": _RESHAPE,
    "unsqueeze": _RESHAPE,
    "channelshuffle": ForeignLayer("shuffle", "`shuffle 3` deals out channels of 3 groups"),
    "upsample": ForeignLayer("upsample", _UPSAMPLE.help, order=("factor",)),
    "dropout": ForeignLayer("dropout", "`dropout 0.1` is the only dropout", order=("rate",)),
    "add": _ADD, "multiply": _MULTIPLY, "concatenate": _CAT,
    "interpolate": _UPSAMPLE, "upsampling2d": ForeignLayer("upsample", _UPSAMPLE.help,
                                                          order=("factor",)),
    "upsamplingnearest2d": ForeignLayer("upsample", _UPSAMPLE.help, order=("factor",)),
    "resize": _UPSAMPLE,
    "pixelshuffle": _none("no pixel shuffle: `upsample 2`, then a convolution"),
    "zeropad2d": _none("padding is an argument: `conv 3x3, 16, padding=1`"),
    "zeropadding2d": _none("padding is an argument: `conv 3x3, 16, padding=1`"),
    "pad": _none("padding is an argument: `conv 3x3, 16, padding=1`; `pad_channels` adds channels"),
    "dropout2d": ForeignLayer("dropout", "`dropout 0.1` is the only dropout", order=("rate",)),
    "droppath": _none("no stochastic depth; `dropout 0.1` drops elements"),
    "stochasticdepth": _none("no stochastic depth; `dropout 0.1` drops elements"),
    # structure
    "sequential": _SEQUENTIAL, "modulelist": _SEQUENTIAL, "sequence": _SEQUENTIAL,
    "lambda": _none("a function of feature maps is a `block`"),
    "inputlayer": _none("`input 3x32x32` is the network's input: channels first"),
    "selayer": _none("a gate: `gate = it | global_average_pool | conv2d 1x1, w | sigmoid`, then "
                     "`multiply it, gate`"),
    "multiheadattention": _ATTENTION, "attention": _ATTENTION, "selfattention": _ATTENTION,
    "embedding": _none("networks take images: the language has no embeddings"),
    "lstm": _none("the language has no recurrent layers"),
    "crossentropyloss": _LOSS, "crossentropy": _LOSS, "nllloss": _LOSS, "compile": _LOSS,
    "optimizer": _LOSS,
    "print": _none("`seqdsl stats FILE --by layer` prints every shape"),
    "summary": _none("`seqdsl stats FILE --by layer` prints every layer"),
    "while": _none("`repeat x 3 { ... }` repeats layers, `for i in 1..3 { ... }` with an index"),
    "loop": _none("`repeat x 3 { ... }` repeats layers, `for i in 1..3 { ... }` with an index"),
    "try": _none("`require condition, \"message\"` states what must hold"),
    "raise": _none("`require condition, \"message\"` states what must hold"),
    "class": _none("`network Name { ... }` defines a network, `block name { ... }` a layer"),
    "def": _none("`block name(width) { ... }` defines a layer, outside of the network"),
}  # fmt: skip

_CHANNELS_KNOWN = ForeignArgument("", "the channels that come in are known: leave it out")
_NO_NAME = ForeignArgument("", "layers have no names of their own: leave it out")
_NO_AXIS = ForeignArgument("", "channels are the only axis: leave it out")
_NO_SETTING = ForeignArgument("", "the language has no such setting: leave it out")

ARGUMENTS: dict[str, ForeignArgument] = {
    "outchannels": ForeignArgument("width"), "outfeatures": ForeignArgument("width"),
    "filters": ForeignArgument("width"), "units": ForeignArgument("width"),
    "channels": ForeignArgument("width"), "features": ForeignArgument("width"),
    "outplanes": ForeignArgument("width"), "planes": ForeignArgument("width"),
    "kernelsize": ForeignArgument("kernel"), "poolsize": ForeignArgument("kernel"),
    "ksize": ForeignArgument("kernel"),
    "strides": ForeignArgument("stride"), "usebias": ForeignArgument("bias"),
    "dilationrate": ForeignArgument("dilation"), "cardinality": ForeignArgument("groups"),
    "activation": ForeignArgument("act"), "nonlinearity": ForeignArgument("act"),
    "p": ForeignArgument("rate"), "ceilmode": ForeignArgument("ceil"),
    "scalefactor": ForeignArgument("factor"), "negativeslope": ForeignArgument("slope"),
    "alpha": ForeignArgument("slope"), "epsilon": ForeignArgument("eps"),
    "inchannels": _CHANNELS_KNOWN, "infeatures": _CHANNELS_KNOWN, "numfeatures": _CHANNELS_KNOWN,
    "inplanes": _CHANNELS_KNOWN,
    "inputshape": ForeignArgument("", "`input 3x32x32` is the network's first line: leave it out"),
    "inputsize": ForeignArgument("", "`input 3x32x32` is the network's first line: leave it out"),
    "inplace": ForeignArgument("", "layers give new feature maps: leave `inplace` out"),
    "name": _NO_NAME, "dim": _NO_AXIS, "axis": _NO_AXIS, "device": _NO_SETTING,
    "dtype": _NO_SETTING, "trainable": _NO_SETTING,
    "trackrunningstats": _NO_SETTING, "aligncorners": _NO_SETTING,
    "paddingmode": ForeignArgument(None, "padding is with zeros"),
    "affine": ForeignArgument(None, "a batch norm always has a scale and a shift"),
    "kernelinitializer": ForeignArgument(None, "`conv2d` takes `init=he`, `glorot` or `zero`"),
    "outputsize": ForeignArgument(None, "`global_average_pool` leaves 1x1, `avg_pool 2` a half"),
    "size": ForeignArgument(None, "a factor is given instead of a size: `upsample 2`"),
    "countincludepad": ForeignArgument(None, "an average counts its padding, as in PyTorch"),
}  # fmt: skip

# Values in quotes or bare, by the parameter that they are given for.
VALUES: dict[tuple[str, str], ForeignArgument] = {
    ("padding", "same"): ForeignArgument(
        "", "without `padding` a convolution keeps the size at stride 1: leave it out"
    ),
    ("padding", "valid"): ForeignArgument("0", "no padding is `padding=0`"),
    ("act", "swish"): ForeignArgument("silu", "swish is `silu` here"),
    ("act", "linear"): ForeignArgument("none", "no activation is `act=none`"),
    ("act", "identity"): ForeignArgument("none", "no activation is `act=none`"),
    ("window", "dense"): ForeignArgument("all", "a window that sees every group is `all`"),
    ("window", "full"): ForeignArgument("all", "a window that sees every group is `all`"),
    ("window", "window"): ForeignArgument("sliding", "a window of fixed length is `sliding`"),
    ("init", "kaiming"): ForeignArgument("he", "Kaiming's initialisation is `he`"),
    ("init", "kaiming_normal"): ForeignArgument("he", "Kaiming's initialisation is `he`"),
    ("init", "he_normal"): ForeignArgument("he", "it is `he`"),
    ("init", "xavier"): ForeignArgument("glorot", "Xavier's initialisation is `glorot`"),
    ("init", "zeros"): ForeignArgument("zero", "it is `zero`"),
}

# Members of tensors, and what a feature map has instead.
MEMBERS: dict[str, ForeignArgument] = {
    "channels": ForeignArgument(
        "width", "`width` is the number of channels; `channels(first, last)` takes some of them"
    ),
    "shape": ForeignArgument(None, "`width` is the number of channels, `size` height x width"),
    "dim": ForeignArgument(None, "`width` is the number of channels, `size` height x width"),
    "outchannels": ForeignArgument("width", "`width` is the number of channels"),
    "inchannels": ForeignArgument("width", "`width` is the number of channels"),
    "c": ForeignArgument("width", "`width` is the number of channels"),
    "h": ForeignArgument("size.height", "`size.height` and `size.width` are the sides"),
    "w": ForeignArgument("size.width", "`size.height` and `size.width` are the sides"),
    "height": ForeignArgument("size.height", "`size.height` and `size.width` are the sides"),
    "clone": ForeignArgument("", "a value does not change: nothing is copied"),
    "copy": ForeignArgument("", "a value does not change: nothing is copied"),
    "contiguous": ForeignArgument("", "tensors have no layout here"),
    "detach": ForeignArgument("", "gradients are not the language's"),
    "cuda": ForeignArgument("", "a network belongs to no device"),
    "to": ForeignArgument("", "a network belongs to no device"),
    "len": ForeignArgument("length", "a list has a `length`"),
}

# Words that name a value in other languages, where this one has none.
DECLARATIONS = frozenset({"let", "var", "const", "val", "auto", "set"})

# Words of other languages for words and types of this one; layers and arguments are above.
WORDS: dict[str, str] = {
    "import": "use", "from": "use", "include": "use", "def": "block", "class": "network",
    "module": "network", "function": "block", "fn": "block",
    "learningrate": "lr", "batchsize": "batch", "decay": "weight_decay", "maxepochs": "epochs",
    "assert": "require", "integer": "int", "float": "number", "boolean": "bool", "str": "text",
    "string": "text", "std.resnet": "std.residual", "std.densenet": "std.dense",
}  # fmt: skip

# The modules under which frameworks keep what they call; dropped before a name is looked up.
MODULES = ("nn", "F", "torch", "tf", "keras", "layers", "functional", "tnn", "k", "L")


def plain(name: str) -> str:
    """A name as the tables have it: ``nn.MaxPool2d`` is ``maxpool2d``."""
    return name.rpartition(".")[2].lower().replace("_", "")


def foreign_layer(name: str) -> ForeignLayer | None:
    return LAYERS.get(plain(name))


def foreign_argument(name: str) -> ForeignArgument | None:
    return ARGUMENTS.get(plain(name))
