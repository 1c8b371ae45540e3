"""Programs for the tests, in C and C++."""

import pathlib

from portcullis_testing.processes import run
from portcullis_testing.repository import REPOSITORY

PROGRAMS = pathlib.Path(__file__).parent / "programs"
LIBRARY = REPOSITORY / ".build/worker"
PRELOADED = LIBRARY / "libportcullis-crash.so"
# As versions are built: optimized, with what debuggers need.
FLAGS = ("-O1", "-g", "-Wall", "-Wextra", "-Werror")


class Compiler:
    def __init__(self, folder):
        self.folder = folder
        self.made = {}

    def program(self, source, *flags, linked=None):
        """The path of the program of a source.

        linked: "static" or "shared", or None for one that knows of no library. "sanitized": with the library's sources, all
        of it under the sanitizers of addresses and of undefined behaviour.
        """
        key = (source, flags, linked)
        if key not in self.made:
            path = self.folder / f"{pathlib.Path(source).stem}-{len(self.made)}"
            compiler, standard = ("g++", "-std=c++17") if source.endswith(".cpp") else ("gcc", "-std=c11")
            libraries = {
                None: (),
                "static": (f"-I{LIBRARY}/include", "-Wl,--whole-archive", LIBRARY / "libportcullis-worker.a",
                           "-Wl,--no-whole-archive", "-llua5.4", "-lm"),
                "sanitized": ("-fsanitize=address,undefined", "-fno-omit-frame-pointer", f"-I{LIBRARY}/include",
                              "-I/usr/include/lua5.4", *sorted((REPOSITORY / "Sources/CServiceWorker").glob("*/*.c")), "-llua5.4"),
                "shared": (f"-I{LIBRARY}/include", f"-L{LIBRARY}", "-Wl,--no-as-needed", "-lportcullis-worker",
                           f"-Wl,-rpath,{LIBRARY}"),
            }[linked]
            run(compiler, standard, *FLAGS, *flags, PROGRAMS / source, "-o", path, "-pthread", *libraries, "-ldl")
            self.made[key] = path
        return self.made[key]
