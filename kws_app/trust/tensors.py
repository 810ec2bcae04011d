"""The pickled parts of a TorchScript archive, taken to pieces without unpickling them.

torch's own reader builds only tensors and script objects from them, but believes what they say of a tensor's size: one
that claims more than its file holds would be read beyond its end.
"""

import math
import pickletools
from typing import Any

from kws_app.errors import ModelError
from kws_app.translation import _

TENSOR = "torch._utils _rebuild_tensor_v2"
NOTHING = "collections OrderedDict"  # of a tensor's hooks: empty
ITEM_BYTES = {"FloatStorage": 4, "DoubleStorage": 8, "HalfStorage": 2, "LongStorage": 8, "IntStorage": 4}
ITEM_BYTES |= {"ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1}
MOST_OPCODES = 100_000

_MARK = object()
_PUSHED = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"}
_FIXED: dict[str, Any] = {"NEWTRUE": True, "NEWFALSE": False, "NONE": None, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class Global(str):
    """The name of a class or a function, which is not looked up."""


def check_pickle(content: bytes, storages: dict[str, int]) -> list[str]:
    """The script classes that a pickled part makes. storages: the size in bytes of each tensor's file, by key.

    raises ModelError on anything but plain values, script objects without tensors, and tensors that fit their files
    """
    try:
        return _Reader(storages).read(content)
    except ModelError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way
        raise ModelError(_("its data cannot be read")) from error


class _Reader:
    """A pickle machine that builds descriptions, never objects."""

    def __init__(self, storages: dict[str, int]) -> None:
        self._storages = storages
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._classes: list[str] = []

    def read(self, content: bytes) -> list[str]:
        for count, (opcode, argument, _at) in enumerate(pickletools.genops(content)):
            if count > MOST_OPCODES:
                raise ModelError(_("its data is too large"))
            self._take(opcode.name, argument)
        return self._classes

    def _take(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in _PUSHED:
            stack.append(argument)
        elif name in _FIXED:
            stack.append(_FIXED[name])
        elif name in ("EMPTY_DICT", "EMPTY_LIST"):
            stack.append([])
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "GLOBAL":
            stack.append(Global(argument))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name in _TUPLES:
            count = _TUPLES[name]
            stack[-count:] = [tuple(stack[-count:])]
        elif name in ("SETITEMS", "APPENDS"):
            self._plain(self._since_mark())
        elif name == "BINPERSID":
            stack.append(self._storage(stack.pop()))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(self._call(function, arguments))
        elif name == "NEWOBJ":
            arguments, cls = stack.pop(), stack.pop()
            self._classes.append(self._script_class(cls, arguments))
            stack.append([])
        elif name == "BUILD":
            stack.pop()
        elif name not in ("PROTO", "STOP"):
            raise ModelError(_("its data holds {name}, which no model needs", name=name))

    def _since_mark(self) -> list[Any]:
        at = max(i for i, value in enumerate(self._stack) if value is _MARK)
        values = self._stack[at + 1 :]
        del self._stack[at:]
        return values

    @staticmethod
    def _plain(values: list[Any]) -> None:
        if not all(value is None or type(value) in (str, int, float, bool) for value in values):
            raise ModelError(_("its data holds more than plain values: it was not exported as a frozen model"))

    @staticmethod
    def _script_class(cls: Any, arguments: Any) -> str:
        if not isinstance(cls, Global) or not cls.startswith("__torch__.") or arguments != ():
            raise ModelError(_("its data makes an object of {cls!s}", cls=cls))
        return str(cls)

    def _storage(self, described: Any) -> int:
        """The number of values in a tensor's file, of which there are as many as it claims."""
        word, kind, key, device, count = described
        item = ITEM_BYTES.get(str(kind).removeprefix("torch "))
        if word != "storage" or not isinstance(kind, Global) or item is None or device != "cpu":
            raise ModelError(_("its data holds a tensor of an unknown kind"))
        if not 0 <= count * item <= self._storages[key]:
            raise ModelError(_("its tensor {key} claims {count} values, more than there are", key=key, count=count))
        return int(count)

    @staticmethod
    def _call(function: Any, arguments: Any) -> Any:
        if function == NOTHING and arguments == ():
            return ()
        if not isinstance(function, Global) or function != TENSOR:
            raise ModelError(_("its data calls {function!s}", function=function))
        count, offset, sizes, strides = arguments[:4]
        numbers = (count, offset, *sizes, *strides)
        if len(sizes) != len(strides) or not all(type(n) is int and n >= 0 for n in numbers):
            raise ModelError(_("its data holds a tensor of no size"))
        reach = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True)) + 1
        if math.prod(sizes) and reach > count:
            raise ModelError(_("a tensor in it reaches beyond its file"))
        return ()
