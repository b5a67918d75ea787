"""The part of Aravis (GigE Vision and USB3 Vision, LGPL) that takes one picture, through ctypes.

Its C interface of the 0.8 series is stable, and needs neither a compiler nor Python packages of
the system: Debian's libaravis-0.8-0 is enough. Names and signatures: aravis 0.8 reference.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any

NAME = "libaravis-0.8.so.0"
MONO8 = 0x0108_0001
"""GigE Vision's number of the pixel format Mono8."""

STATUS = {
    -1: "unknown",
    0: "success",
    1: "cleared",
    2: "timeout",
    3: "missing packets",
    4: "wrong packet id",
    5: "size mismatch",
    6: "filling",
    7: "aborted",
    8: "payload not supported",
}
"""`ArvBufferStatus` in words. Only 0 is a whole picture."""


class AravisError(Exception):
    """Aravis said no; the message is its own, or says what to install."""


class _GError(ctypes.Structure):
    _fields_ = (("domain", ctypes.c_uint32), ("code", c_int), ("message", c_char_p))


_ERROR = POINTER(POINTER(_GError))
# name: result, arguments before the GError**, whether there is one
_FUNCTIONS: dict[str, tuple[Any, list[Any], bool]] = {
    "arv_update_device_list": (None, [], False),
    "arv_get_n_devices": (c_uint, [], False),
    "arv_get_device_id": (c_char_p, [c_uint], False),
    "arv_get_device_address": (c_char_p, [c_uint], False),
    "arv_camera_new": (c_void_p, [c_char_p], True),
    "arv_camera_set_acquisition_mode": (None, [c_void_p, c_int], True),
    "arv_camera_set_trigger": (None, [c_void_p, c_char_p], True),
    "arv_camera_set_pixel_format_from_string": (None, [c_void_p, c_char_p], True),
    "arv_camera_set_region": (None, [c_void_p, c_int, c_int, c_int, c_int], True),
    "arv_camera_set_exposure_time": (None, [c_void_p, c_double], True),
    "arv_camera_set_gain": (None, [c_void_p, c_double], True),
    "arv_camera_get_payload": (c_uint, [c_void_p], True),
    "arv_camera_create_stream": (c_void_p, [c_void_p, c_void_p, c_void_p], True),
    "arv_camera_start_acquisition": (None, [c_void_p], True),
    "arv_camera_stop_acquisition": (None, [c_void_p], True),
    "arv_camera_software_trigger": (None, [c_void_p], True),
    "arv_stream_push_buffer": (None, [c_void_p, c_void_p], False),
    "arv_stream_timeout_pop_buffer": (c_void_p, [c_void_p, c_uint64], False),
    "arv_stream_try_pop_buffer": (c_void_p, [c_void_p], False),
    "arv_buffer_new_allocate": (c_void_p, [c_size_t], False),
    "arv_buffer_get_status": (c_int, [c_void_p], False),
    "arv_buffer_get_data": (c_void_p, [c_void_p, POINTER(c_size_t)], False),
    "arv_buffer_get_image_width": (c_int, [c_void_p], False),
    "arv_buffer_get_image_height": (c_int, [c_void_p], False),
    "arv_buffer_get_image_pixel_format": (ctypes.c_uint32, [c_void_p], False),
}


class Aravis:
    """The functions of the library by their names without ``arv_``; errors are raised."""

    def __init__(self) -> None:
        """Load the library. Raises `AravisError` naming the package where it is absent."""
        try:
            self._library = ctypes.CDLL(NAME)
            self._glib = ctypes.CDLL("libgobject-2.0.so.0")
        except OSError:
            raise AravisError(f"{NAME} is not installed: apt install libaravis-0.8-0") from None
        for name, (result, arguments, fails) in _FUNCTIONS.items():
            function = getattr(self._library, name)
            function.restype = result
            function.argtypes = [*arguments, _ERROR] if fails else arguments
        self._glib.g_object_unref.argtypes = [c_void_p]
        self._glib.g_object_unref.restype = None
        self._glib.g_error_free.argtypes = [POINTER(_GError)]
        self._glib.g_error_free.restype = None

    def call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401  what C gives
        """Call ``arv_`` + name and return its result. Raises `AravisError` with its message."""
        function: Callable[..., Any] = getattr(self._library, f"arv_{name}")
        if not _FUNCTIONS[f"arv_{name}"][2]:
            return function(*arguments)
        error = POINTER(_GError)()
        result = function(*arguments, byref(error))
        if error:
            said = error.contents.message or b"unknown error"
            self._glib.g_error_free(error)
            raise AravisError(said.decode("utf-8", "replace"))
        return result

    def unref(self, thing: int | None) -> None:
        """Let go of an object of the library; None is none."""
        if thing:
            self._glib.g_object_unref(thing)

    def cameras(self) -> list[tuple[str, str]]:
        """Return name and address of every camera that answers on the network or on USB."""
        self.call("update_device_list")
        found = range(self.call("get_n_devices"))
        return [
            (self.call("get_device_id", i).decode(), self.call("get_device_address", i).decode())
            for i in found
        ]

    def pixels(self, buffer: int) -> bytes:
        """Return a copy of what a buffer holds."""
        size = c_size_t()
        data = self.call("buffer_get_data", buffer, byref(size))
        return ctypes.string_at(data, size.value) if data else b""
