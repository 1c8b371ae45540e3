import Text

/// Functions by which runtimes end a program: of C (`abort`), of C++ (`std::terminate`), of Swift (`fatalError`, an index
/// that is out of range). Where they are linked into the program they would pass for the program's own.
enum EndingFunction {
    private static let names: Set<String> = [
        // glibc
        "raise", "__GI_raise", "gsignal", "abort", "__GI_abort", "tgkill", "pthread_kill", "__pthread_kill",
        "__GI___pthread_kill", "__pthread_kill_internal", "__pthread_kill_implementation", "__assert_fail",
        "__GI___assert_fail", "__assert_fail_base", "__assert_perror_fail", "__stack_chk_fail", "__fortify_fail",
        "__chk_fail",
        // libstdc++
        "std::terminate", "__cxxabiv1::__terminate", "__gnu_cxx::__verbose_terminate_handler", "__cxa_throw",
        "__cxxabiv1::__cxa_throw", "__cxa_rethrow", "__cxxabiv1::__cxa_rethrow", "std::rethrow_exception",
        "__cxa_call_terminate", "__cxa_pure_virtual", "__cxxabiv1::__cxa_pure_virtual", "__gxx_personality_v0",
        "_Unwind_RaiseException", "_Unwind_RaiseException_Phase2", "_Unwind_Resume",
    ]
    private static let beginnings = [
        "std::__throw_", "Swift runtime failure", "Swift.", "swift::", "swift_",
    ]
    /// Of these the compiler makes some for the program's own functions, too: what follows says for which.
    private static let derived: [(beginning: String, of: String)] = [
        ("generic specialization <", "> of Swift."), ("closure #", " in Swift."),
    ]

    /// Whether a function, by its name for people, is one of them.
    static func has(_ name: String) -> Bool {
        // The compiler has made one of several functions that are alike.
        let merged = "merged "
        let name = name.hasBytePrefix(merged) ? String(Substring(name.utf8.dropFirst(merged.utf8.count))) : name
        // Without arguments, which gdb has of functions that it knows by the linker alone.
        let plain = name.splitBytes("(", maxSplits: 1).first.map(String.init) ?? name
        if names.contains(plain) { return true }
        return beginnings.contains { plain.hasBytePrefix($0) }
            || derived.contains {
                // exact: bytes
                name.hasBytePrefix($0.beginning) && name.utf8.firstRange(of: Array($0.of.utf8)) != nil
            }
    }
}
