/// What gdb carries out to dump a process: a program in gdb's own Python.
///
/// It prints one line of JSON (`DumpOutput`), and then the dump for people: the thread that crashed with its variables,
/// from where it crashed, then all threads. The line comes first, so a dump that is cut short still has it.
package enum DumpScript {
    /// The most frames of a thread that are printed.
    package static let mostFrames = 64
    /// The most bytes of the whole output.
    package static let largest = 4 << 20
    /// The variable that names the thread which crashed, by its number in the kernel.
    package static let threadVariable = "PORTCULLIS_THREAD"

    /// The program's text.
    package static let text = #"""
        import gdb
        import json
        import os
        import struct

        MOST_FRAMES = \#(mostFrames)
        room = \#(largest)


        def say(text):
            global room
            data = text.encode("utf-8", "replace")[:max(room, 0)]
            room -= len(data)
            gdb.write(data.decode("utf-8", "ignore"))
            gdb.flush()


        # Values of Swift, whose types gdb 13 knows by name and size alone.

        def memory(address, size):
            return bytes(gdb.selected_inferior().read_memory(address, size))


        def number(address, size, is_signed=False):
            return int.from_bytes(memory(address, size), "little", signed=is_signed)


        def quoted(data, is_cut=False):
            return json.dumps(data.decode("utf-8", "replace"), ensure_ascii=False) + ("..." if is_cut else "")


        def string(address):
            # The layout of 64-bit platforms (StringObject.swift): the highest bits of the second word say where the text is.
            low, high = number(address, 8), number(address + 8, 8)
            if high >> 61 & 1:
                return quoted(memory(address, 16)[:min(high >> 56 & 15, 15)])
            count = low & (1 << 48) - 1
            place = (high & (1 << 60) - 1) + 32
            return quoted(memory(place, min(count, 200)), count > 200)


        def integer(size, is_signed):
            return lambda address: str(number(address, size, is_signed))


        def boolean(address):
            return "true" if number(address, 1) & 1 else "false"


        PRINTERS = {
            "Int": integer(8, True), "Int64": integer(8, True), "Int32": integer(4, True), "Int16": integer(2, True),
            "Int8": integer(1, True), "UInt": integer(8, False), "UInt64": integer(8, False), "UInt32": integer(4, False),
            "UInt16": integer(2, False), "UInt8": integer(1, False), "Bool": boolean, "String": string,
            "Double": lambda address: repr(struct.unpack("<d", memory(address, 8))[0]),
            "Float": lambda address: repr(struct.unpack("<f", memory(address, 4))[0]),
        }
        # By the mangled names of elements: how one is printed, and its size.
        ELEMENTS = {"Si": ("Int", 8), "Su": ("UInt", 8), "SS": ("String", 16), "Sd": ("Double", 8), "Sf": ("Float", 4),
                    "Sb": ("Bool", 1), "s5UInt8V": ("UInt8", 1), "s6UInt16V": ("UInt16", 2), "s6UInt32V": ("UInt32", 4),
                    "s6UInt64V": ("UInt64", 8), "s5Int32V": ("Int32", 4), "s5Int64V": ("Int64", 8)}


        def generic(name, address):
            """A value of a generic type by its mangled name; None: nothing is known of it."""
            if not name.startswith("$s") or not name.endswith("D"):
                return None
            name = name[2:-1]
            if name.endswith("Sg") and name[:-2] in ELEMENTS:
                kind, size = ELEMENTS[name[:-2]]
                if kind == "String":
                    return "nil" if number(address + 8, 8) == 0 else string(address)
                if kind != "Bool":
                    return "nil" if number(address + size, 1) else PRINTERS[kind](address)
                return "nil" if number(address, 1) == 2 else boolean(address)
            if name.startswith("Say") and name.endswith("G"):
                place = number(address, 8) & (1 << 60) - 1
                count = number(place + 16, 8, True)
                if not 0 <= count < 1 << 40:
                    return None
                element = ELEMENTS.get(name[3:-1])
                if element is None:
                    return f"{count} elements"
                kind, size = element
                shown = ", ".join(PRINTERS[kind](place + 32 + index * size) for index in range(min(count, 20)))
                return f"{count} elements: [{shown}{', ...' if count > 20 else ''}]"
            return None


        class Shown:
            def __init__(self, text):
                self.text = text

            def to_string(self):
                return self.text


        def printer(value):
            kind = value.type.unqualified()
            if kind.code != gdb.TYPE_CODE_STRUCT or value.address is None:
                return None
            address = int(value.address)
            try:
                fields = kind.fields()
                if kind.tag in PRINTERS and not fields:
                    return Shown(PRINTERS[kind.tag](address))
                if kind.tag is None and len(fields) == 1 and fields[0].type.tag:
                    text = generic(fields[0].type.tag, address)
                    return Shown(text) if text else None
                if kind.tag and not fields and 0 < kind.sizeof <= 64:
                    data = memory(address, kind.sizeof)
                    words = [data[index:index + 8] for index in range(0, len(data), 8)]
                    return Shown("{" + " ".join(f"0x{int.from_bytes(word, 'little'):x}" for word in words) + "}")
            except (gdb.error, gdb.MemoryError, struct.error):
                return None
            return None


        gdb.pretty_printers.append(printer)


        # The process.

        def frames():
            """The frames of the selected thread from where it crashed, and how many are inside of that."""
            found, frame = [], gdb.newest_frame()
            while frame is not None and len(found) < MOST_FRAMES + 32:
                found.append(frame)
                try:
                    frame = frame.older()
                except gdb.error:
                    break
            for index, frame in enumerate(found):
                if frame.type() == gdb.SIGTRAMP_FRAME:
                    return index + 1, found[index + 1:index + 1 + MOST_FRAMES]
            return 0, found[:MOST_FRAMES]


        def described(frame):
            place = frame.find_sal()
            has_line = place.symtab is not None and place.line > 0
            return {"function": frame.name(), "file": place.symtab.filename if has_line else None,
                    "line": place.line if has_line else None, "module": gdb.solib_name(frame.pc()) or program,
                    "address": frame.pc()}


        def output(command):
            try:
                return gdb.execute(command, to_string=True)
            except gdb.error as error:
                return f"{command}: {error}\n"


        inferior = gdb.selected_inferior()
        program = os.environ.get("PORTCULLIS_PROGRAM") or inferior.progspace.filename
        threads = inferior.threads()
        is_found = False
        for thread in threads:
            if thread.ptid[1] == int(os.environ.get("\#(threadVariable)", "0")):
                thread.switch()
                is_found = True
        inner, crashed = frames()
        say("\n" + json.dumps({"dump": 1, "threads": len(threads), "isFound": is_found,
                               "frames": [described(frame) for frame in crashed]}) + "\n")
        text = "\n" + output(f"bt -full {inner + MOST_FRAMES}")
        start = text.find(f"\n#{inner} ") if inner else 0
        say(text[max(start, 0):])
        say("\nAll threads\n")
        # One after the other: what is ended half-way has those before it.
        for thread in sorted(threads, key=lambda thread: thread.num):
            if room <= 0:
                break
            thread.switch()
            say(f"\nThread {thread.num} (LWP {thread.ptid[1]}) {thread.name or ''}\n" + output(f"bt {MOST_FRAMES}"))

        """#
}
