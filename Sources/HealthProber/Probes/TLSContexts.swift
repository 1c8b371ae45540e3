import HealthChecks
import NIOSSL

/// The settings of TLS for each way to look at certificates. Each is made when it is first needed: the authorities
/// that the system trusts are many.
final class TLSContexts {
    private let authorities: String?
    private var contexts: [Probe.Verification: NIOSSLContext] = [:]

    /// - Parameter authorities: a file with the certificates to trust, instead of the system's.
    init(authorities: String?) { self.authorities = authorities }

    func context(_ verification: Probe.Verification) throws -> NIOSSLContext {
        if let context = contexts[verification] { return context }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        switch verification {
        case .none: configuration.certificateVerification = .none
        case .dates:
            // The callback of the handler looks at the dates alone; it is asked for any verification but none.
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates([])
        case .full:
            configuration.certificateVerification = .fullVerification
            if let authorities { configuration.trustRoots = .file(authorities) }
        }
        let context = try NIOSSLContext(configuration: configuration)
        contexts[verification] = context
        return context
    }
}
