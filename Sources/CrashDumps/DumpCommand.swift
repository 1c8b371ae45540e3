/// How gdb is called to dump a process.
package enum DumpCommand {
    /// Seconds after which gdb is asked to end.
    package static let timeout = 20
    /// Bytes of memory that it may take for itself.
    package static let memory = 4 << 30

    /// - Parameters:
    ///   - debugger: the path of gdb.
    ///   - script: the path of `DumpScript.text`.
    ///   - symbols: the program, where another file than that of the process has what is readable for gdb.
    package static func words(debugger: String, script: String, process: Int32, symbols: String?) -> [String] {
        // Nothing of the process, its user or its files may become a command of gdb's, and nothing is fetched.
        let settings = [
            "set debuginfod enabled off", "set auto-load off", "set auto-load safe-path /nonexistent", "set sysroot",
            "set width 0", "set height 0", "set confirm off",
            // A stack that has overflowed has a hundred thousand frames.
            "set backtrace limit \(2 * DumpScript.mostFrames)", "set print elements 200", "set print repeats 16",
            "set print max-depth 6", "set print frame-arguments scalars", "set print thread-events off",
            "set print inferior-events off", "set style enabled off", "set python print-stack message",
        ]
        return [debugger, "-nx", "-batch", "-q"] + settings.flatMap { ["-iex", $0] }
            + (symbols.map { [$0] } ?? []) + ["-p", "\(process)", "-x", script]
    }
}
