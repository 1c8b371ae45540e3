public import NIOSSL
import ServiceSupport

extension AdminSettings.TLSFiles {
    /// Reads the files. Clients need at least TLS 1.2.
    ///
    /// Throws `SettingsError` with the file that cannot be read, or with both if they do not belong together.
    public func load() throws -> TLSConfiguration {
        let chain = try Self.read(certificate, "tls-certificate", "certificate") {
            try NIOSSLCertificate.fromPEMBytes($0)
        }
        let privateKey = try Self.read(key, "tls-key", "private key") { try NIOSSLPrivateKey(bytes: $0, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw SettingsError("tls-key \(key) is not the key of tls-certificate \(certificate)")
        } catch {
            throw SettingsError("tls-certificate \(certificate) and tls-key \(key) cannot be used: \(error)")
        }
        return configuration
    }

    private static func read<Value>(
        _ path: String, _ setting: String, _ content: String, _ parse: ([UInt8]) throws -> Value
    ) throws -> Value {
        let text: String
        do {
            text = try TextFile.read(path)
        } catch {
            throw SettingsError("\(setting) \(error)")
        }
        do {
            return try parse(Array(text.utf8))
        } catch {
            throw SettingsError("\(setting) \(path): the file holds no \(content) in PEM")
        }
    }
}
