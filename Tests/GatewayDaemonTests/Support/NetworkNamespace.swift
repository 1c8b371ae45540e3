import Foundation
import Glibc
import Synchronization

/// A network namespace of a test's own: the body runs on a thread that has left the host's. Needs root; without it
/// the test fails.
enum NetworkNamespace {
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    private final class Outcome: Sendable {
        let result = Mutex<Result<Void, any Error>?>(nil)
    }

    static func run(_ body: @escaping @Sendable () throws -> Void) async throws {
        let outcome = Outcome()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let thread = Thread {
                let result = Result { () throws in
                    guard leaveNetworkNamespace() == 0 else {
                        throw Unavailable(
                            description: "unshare(CLONE_NEWNET): \(String(cString: strerror(errno))): root is needed")
                    }
                    try bringLoopbackUp()
                    try body()
                }
                outcome.result.withLock { $0 = result }
                continuation.resume()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        try outcome.result.withLock { $0 }?.get()
    }

    /// Without any address the kernel has no table of local ones, and IPVS takes every real server for a broadcast
    /// address (`ip_vs_new_dest`, `inet_addr_type`).
    private static func bringLoopbackUp() throws { try shell("ip link set lo up") }

    /// Runs a command in the calling thread's namespace.
    static func shell(_ command: String) throws {
        var child: pid_t = 0
        let words = ["sh", "-c", "PATH=/usr/sbin:/usr/bin:/sbin:/bin; \(command)"]
        let arguments = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        // The child is of the calling thread's namespace.
        let failure = posix_spawn(&child, "/bin/sh", nil, nil, arguments, nil)
        var status: Int32 = 0
        while failure == 0, waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard failure == 0, status == 0 else {
            throw Unavailable(description: "\(command): status \(failure == 0 ? status : failure)")
        }
    }

    /// unshare(CLONE_NEWNET), which Glibc's module hides behind _GNU_SOURCE.
    private static func leaveNetworkNamespace() -> Int32 {
        guard let symbol = dlsym(nil, "unshare") else { return -1 }
        return unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)(0x4000_0000)
    }
}
