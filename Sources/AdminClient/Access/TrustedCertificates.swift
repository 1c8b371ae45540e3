import NIOSSL
package import ServiceSupport

/// The certificates (PEM) that are trusted in place of the system's, read again when their file is another.
package struct TrustedCertificates: Sendable {
    private let file: RenewedFile<TLSConfiguration>

    /// - Throws: when the file cannot be read, or has no certificate.
    package init(reading path: String) throws(FileError) {
        file = try RenewedFile("read certificates", path) { (bytes) throws(FileError) in
            try Self.configuration(bytes, path)
        }
    }

    /// - Parameter bytes: of the file, which was read already.
    /// - Returns: `nil` when there is no certificate in it.
    package init?(_ bytes: [UInt8], from path: String) {
        guard let configuration = try? Self.configuration(bytes, path) else { return nil }
        file = RenewedFile("read certificates", path, value: configuration) { (bytes) throws(FileError) in
            try Self.configuration(bytes, path)
        }
    }

    /// Why the certificates before go on, though the file is another.
    package var problem: String? { file.problem }

    /// Costs one system call while the file is the same.
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
