import NIOSSL
import Synchronization

/// The certificate and key of new connections, which can be exchanged while the server runs.
final class ReloadableTLS: Sendable {
    private let current: Mutex<NIOSSLContext>

    init(_ configuration: TLSConfiguration) throws {
        current = Mutex(try NIOSSLContext(configuration: configuration))
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    /// Takes others; connections that are there keep theirs. Throws when they cannot be used, and keeps what it has.
    func reload(_ configuration: TLSConfiguration) throws {
        let context = try NIOSSLContext(configuration: configuration)
        current.withLock { $0 = context }
    }
}
