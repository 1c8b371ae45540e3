import NIOSSL
package import ServiceSupport

/// Certificates (PEM) that are trusted instead of the system's. They are read again when their file has changed.
package struct TrustedCertificates: Sendable {
    private let file: RenewedFile<TLSConfiguration>

    /// - Throws: if the file cannot be read, or contains no certificate.
    package init(reading path: String) throws(FileError) {
        file = try RenewedFile("read certificates", path) { (bytes) throws(FileError) in
            try Self.configuration(bytes, path)
        }
    }

    /// - Parameter bytes: the content of the file, which was already read.
    /// - Returns: `nil` if it contains no certificate.
    package init?(_ bytes: [UInt8], from path: String) {
        guard let configuration = try? Self.configuration(bytes, path) else { return nil }
        file = RenewedFile("read certificates", path, value: configuration) { (bytes) throws(FileError) in
            try Self.configuration(bytes, path)
        }
    }

    /// Why the previous certificates are still in use although the file has changed.
    package var problem: String? { file.problem }

    /// The present certificates. Cost: one system call as long as the file is the same.
    func current() -> TLSConfiguration { file.current() }

    private static func configuration(_ bytes: [UInt8], _ path: String) throws(FileError) -> TLSConfiguration {
        guard let roots = try? NIOSSLCertificate.fromPEMBytes(bytes), !roots.isEmpty else {
            throw FileError("read certificates", path, reason: "there is no certificate (PEM) in it")
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(roots)
        return tls
    }
}
