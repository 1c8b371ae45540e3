import AdminClient
import ServiceSupport
import Text

/// How to reach ADMIN, from flags, the environment and the configuration file. Earlier ones override later ones.
struct Settings: Sendable, Equatable {
    let adminURL: AdminURLs
    /// The bearer token; `nil` if there is none.
    let token: String?
    /// The path of the file that contains the token; `nil` if it comes from elsewhere.
    var tokenFile: String?
    /// Path of PEM certificates to trust instead of the system's.
    let caFile: String?
    /// The time limit in seconds.
    let timeout: Int

    static let defaultURL = "http://127.0.0.1:8080"

    /// Notes for the operator that are no errors.
    var warnings: [String] {
        guard token != nil else { return [] }
        return adminURL.exposingToken.map {
            "Warning: the token goes to \($0) unencrypted; use an https address."
        }
    }

    static func resolve(_ options: ConnectionOptions, _ sources: SettingsSources) throws -> Settings {
        let file = try sources.configurationFile()
        let variable = try sources.variable("PORTCULLIS_ADMIN_URL")
        let caFile = try sources.variable("PORTCULLIS_CA_FILE")
        let url = options.adminURL ?? variable ?? file.adminURL ?? defaultURL
        let (token, tokenFile) = try token(options, sources, file)
        return Settings(
            adminURL: try addresses(url), token: token, tokenFile: tokenFile,
            caFile: options.caFile ?? caFile ?? file.caFile,
            timeout: options.timeout)
    }

    private static func addresses(_ text: String) throws(CommandError) -> AdminURLs {
        do throws(AdminURLError) {
            return try AdminURLs(text)
        } catch {
            throw CommandError(
                error.description, hint: "Name it like \(defaultURL) or https://admin.example:8443.")
        }
    }

    private static func token(
        _ options: ConnectionOptions, _ sources: SettingsSources, _ file: ConfigurationFile
    ) throws -> (token: String?, file: String?) {
        let token = try sources.variable("PORTCULLIS_TOKEN")
        let tokenFile = try sources.variable("PORTCULLIS_TOKEN_FILE")
        if options.tokenFile == nil, let token {
            return (try checked(token, from: "PORTCULLIS_TOKEN"), nil)
        }
        guard let path = options.tokenFile ?? tokenFile ?? file.tokenFile else { return (nil, nil) }
        return (try checked(sources.read(path), from: path), path)
    }

    /// Accepts only a token of RFC 6750 (section 2.1), so that nothing else gets into a header line.
    private static func checked(_ text: String, from source: String) throws -> String {
        let token = text.withoutSurroundingSpace
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=".utf8)
        guard !token.isEmpty else { throw CommandError("\(source): the token is empty") }
        guard token.utf8.allSatisfy(allowed.contains) else {
            throw CommandError("\(source): this is no bearer token (letters, digits and -._~+/= only)")
        }
        return String(token)
    }
}

extension Settings {
    /// The settings of the client for ADMIN.
    /// - Throws: if the certificates cannot be read.
    func connector() throws(CommandError) -> AdminConnectorSettings {
        AdminConnectorSettings(
            addresses: adminURL, token: tokenSource, certificates: try certificates(), userAgent: "portcullis",
            timeout: .seconds(timeout))
    }

    private var tokenSource: TokenSource {
        guard let token else { return .absent }
        return tokenFile.map { .renewing(token, from: $0) } ?? .value(token)
    }

    private func certificates() throws(CommandError) -> TrustedCertificates? {
        guard let path = caFile else { return nil }
        let text: String
        do throws(FileError) {
            text = try LocalFile.text(path)
        } catch {
            throw CommandError("ca-file \(error)")
        }
        guard let certificates = TrustedCertificates(Array(text.utf8), from: path) else {
            throw CommandError("\(path): no certificates (PEM) can be read from it")
        }
        return certificates
    }
}
