@preconcurrency import Dispatch
import Glibc
import ServiceSupport
import SystemPackage
import Text

/// The socket by which masters say that they have noted a crash. What they send is a reason to look, and no more: anybody
/// on the server may send there.
final class CrashSignal: Sendable {
    private let source: any DispatchSourceRead

    /// - Parameter note: called for each message, or for several at once.
    /// - Throws: if the socket cannot be made.
    init(_ path: String, note: @escaping @Sendable () -> Void) throws(FileError) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw FileError("open", path, errno: Errno(rawValue: errno)) }
        unlink(path)
        guard Self.bind(descriptor, path), chmod(path, 0o666) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError("open", path, errno: Errno(rawValue: code))
        }
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 256)
            while recv(descriptor, &bytes, bytes.count, 0) >= 0 {}
            note()
        }
        source.setCancelHandler { close(descriptor) }
        source.resume()
    }

    deinit { source.cancel() }

    /// By the directory's descriptor, since a path may be longer than a socket's may be.
    private static func bind(_ descriptor: Int32, _ path: String) -> Bool {
        let parent = open(Folder.parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { return false }
        defer { close(parent) }
        let name = path.splitBytes("/", omittingEmpty: true).last.map(String.init) ?? ""
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: Array("/proc/self/fd/\(parent)/\(name)".utf8))
        }
        return withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
