package import AdminAPI

extension CrashReport {
    /// A crash by SIGSEGV.
    ///
    /// - Parameters:
    ///   - number: makes the id.
    ///   - fault: makes the fingerprint.
    package static func sample(
        _ number: Int, fault: Int = 1, service: String = "tg.1", version: String? = nil,
        at: String = "2027-01-15T08:00:00.000Z", text: String = "#0  handle (c=0x0) at src/tg.c:42\n\tn = 7\n",
        dumpSize: Int = 100
    ) -> CrashReport {
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: count - text.utf8.count) + text
        }
        return CrashReport(
            id: digits(number, 24), service: service, version: version, worker: 2, pid: 4_711, at: at, kind: .crashed,
            signal: 11, fingerprint: digits(fault, 16), program: "/srv/tg",
            frames: [
                CrashFrame(function: "abort", module: "/lib/libc.so.6", address: "0x7f00"),
                CrashFrame(function: "handle", file: "src/tg.c", line: 42, module: "/srv/tg", address: "0x55d0"),
            ], threads: 9, text: text, dumpSize: dumpSize)
    }
}
