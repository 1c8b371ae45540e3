import CNetlink
import Foundation
import Glibc
import Synchronization
import Testing

/// A network namespace of a test's own: the body runs on a thread that has left the host's namespace, and
/// the programs it starts run there too. Nothing of the host is reached from inside.
///
/// Needs root. Without it the test fails and says so: a kernel test is never skipped silently.
enum NetworkNamespace {
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    /// What `body` returns or throws, carried from the thread.
    private final class Outcome<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let outcome = Outcome<Value>()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let thread = Thread {
                let result = Result { () throws -> Value in
                    guard leaveNetworkNamespace() == 0 else {
                        throw Unavailable(
                            description:
                                "this test needs a network namespace of its own, so root: unshare(CLONE_NEWNET): "
                                + String(cString: strerror(errno)))
                    }
                    return try body()
                }
                outcome.result.withLock { $0 = result }
                continuation.resume()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        return try outcome.result.withLock { $0 }!.get()
    }

    /// unshare(CLONE_NEWNET), which Glibc's module hides behind _GNU_SOURCE.
    private static func leaveNetworkNamespace() -> Int32 {
        guard let symbol = dlsym(nil, "unshare") else { return -1 }
        let unshare = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
        return unshare(0x4000_0000)
    }

    /// Runs a program in the calling thread's namespace and returns its output.
    @discardableResult
    static func shell(_ command: String, input: String? = nil) throws -> String {
        // Foundation's Process may start the child from another thread, which is in the host's namespace
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let inputPath = directory.appending(path: "in").path
        let outputPath = directory.appending(path: "out").path
        try (input ?? "").write(toFile: inputPath, atomically: false, encoding: .utf8)

        var child: pid_t = 0
        let line = "\(command) <\(inputPath) >\(outputPath) 2>&1"
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sh"), strdup("-c"), strdup(line), nil]
        defer { arguments.forEach { free($0) } }
        let environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil]
        defer { environment.forEach { free($0) } }
        let failure = posix_spawn(&child, "/bin/sh", nil, nil, arguments, environment)
        guard failure == 0 else { throw Unavailable(description: "sh: \(String(cString: strerror(failure)))") }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let output = (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? ""
        guard status == 0 else { throw Unavailable(description: "\(command): status \(status): \(output)") }
        return output
    }
}
