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
    /// The settings of the configuration file that are not used, since they are for an ADMIN of another address:
    /// `/home/op/.config/portcullis/config.yaml:3:13: token-file`.
    var withheld: [String] = []

    static let defaultURL = "http://127.0.0.1:8080"
    /// The variable with the token itself.
    static let tokenVariable = "PORTCULLIS_TOKEN"

    /// Notes for the operator that are no errors.
    var warnings: [String] {
        let unused = withheld.map { "Note: \($0) is not used: it is for another address than \(adminURL)." }
        guard token != nil else { return unused }
        return unused
            + adminURL.exposingToken.map { "Warning: the token goes to \($0) unencrypted; use an https address." }
    }

    static func resolve(_ options: ConnectionOptions, _ sources: SettingsSources) throws -> Settings {
        let sources = options.context == nil ? sources : sources.withoutConnection
        let layers = try sources.layers(flags: options.flags, context: options.context)
        let given = layers.given
        let (token, tokenFile) = try token(given[.tokenFile], sources)
        return Settings(
            adminURL: try addresses(given[.adminURL]), token: token, tokenFile: tokenFile,
            caFile: try given[.caFile].map(sources.path), timeout: options.answerTimeout,
            withheld: layers.withheld.filter { token == nil || $0.key != .tokenFile }
                .map { "\($0.place): \($0.key.rawValue)" })
    }

    private static func addresses(_ setting: Setting<ConnectionKey>?) throws(CommandError) -> AdminURLs {
        do throws(AdminURLError) {
            return try AdminURLs(setting?.text ?? defaultURL)
        } catch {
            throw CommandError(
                "\(setting.map { "\($0.place): " } ?? "")\(error)",
                hint: "Name it like \(defaultURL) or https://admin.example:8443.")
        }
    }

    /// The token of the environment goes before a file, unless a flag names the file.
    private static func token(
        _ file: Setting<ConnectionKey>?, _ sources: SettingsSources
    ) throws -> (token: String?, file: String?) {
        let name = tokenVariable
        let isFlag = if case .flag? = file?.place { true } else { false }
        if let token = try sources.environment.variable(name), !isFlag {
            return (try checked(token, from: name), nil)
        }
        guard let file else { return (nil, nil) }
        let path = try sources.path(file)
        let text: String
        do {
            text = try sources.read(path)
        } catch {
            // Where the path stands, since it may not be the one that the operator thinks of.
            throw CommandError("\(file.place): token-file \(error)")
        }
        return (try checked(text, from: path), path)
    }

    private static func checked(_ text: String, from source: String) throws(CommandError) -> String {
        do throws(TokenSyntaxError) {
            return try TokenSource.token(in: text)
        } catch {
            throw CommandError("\(source): \(error)")
        }
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
