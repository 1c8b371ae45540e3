import NIOSSL
import Synchronization

/// The certificate and key for new connections, which can be replaced while the server runs.
final class ReloadableTLS: Sendable {
    private let current: Mutex<NIOSSLContext>

    init(_ configuration: TLSConfiguration) throws {
        current = Mutex(try NIOSSLContext(configuration: configuration))
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    /// Replaces them for new connections. If the new ones cannot be used, throws and keeps the old ones.
    func reload(_ configuration: TLSConfiguration) throws {
        let context = try NIOSSLContext(configuration: configuration)
        current.withLock { $0 = context }
    }
}
