import NetworkTypes
import Text

/// How to reach ADMIN, put together from flags, the environment and the configuration file, in falling order.
struct Settings: Sendable, Equatable {
    let adminURL: AdminURL
    /// The bearer token, if any.
    let token: String?
    /// Path of PEM certificates to trust instead of the system's.
    let caFile: String?
    /// Seconds.
    let timeout: Int

    static let defaultURL = "http://127.0.0.1:8080"

    /// What the operator should know though it is no error.
    var warnings: [String] {
        guard token != nil, !adminURL.isEncrypted, !adminURL.isLoopback else { return [] }
        return ["Warning: the token goes to \(adminURL) unencrypted; use an https address."]
    }

    static func resolve(_ options: ConnectionOptions, _ sources: SettingsSources) throws -> Settings {
        let file = try sources.configurationFile()
        let variable = try sources.variable("PORTCULLIS_ADMIN_URL")
        let caFile = try sources.variable("PORTCULLIS_CA_FILE")
        let url = options.adminURL ?? variable ?? file.adminURL ?? defaultURL
        return Settings(
            adminURL: try AdminURL(url),
            token: try token(options, sources, file),
            caFile: options.caFile ?? caFile ?? file.caFile,
            timeout: options.timeout)
    }

    private static func token(
        _ options: ConnectionOptions, _ sources: SettingsSources, _ file: ConfigurationFile
    ) throws -> String? {
        let token = try sources.variable("PORTCULLIS_TOKEN")
        let tokenFile = try sources.variable("PORTCULLIS_TOKEN_FILE")
        if options.tokenFile == nil, let token {
            return try checked(token, from: "PORTCULLIS_TOKEN")
        }
        let path = options.tokenFile ?? tokenFile ?? file.tokenFile
        return try path.map { try checked(sources.read($0), from: $0) }
    }

    /// A token of RFC 6750 (section 2.1), so that nothing else gets into a header line.
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

/// The address of ADMIN: scheme, host and port, without a path.
struct AdminURL: Sendable, Equatable, CustomStringConvertible {
    /// `http://host:port`
    let description: String
    let isEncrypted: Bool
    let isLoopback: Bool

    init(_ text: String) throws(CommandError) {
        let scheme = ["http://", "https://"].first { text.hasBytePrefix($0) }
        var authority = Substring(text.utf8.dropFirst(scheme?.utf8.count ?? 0))
        while authority.hasByteSuffix("/") { authority = Substring(authority.utf8.dropLast()) }
        func fault(_ reason: String) -> CommandError {
            CommandError(
                "\(text.withoutUserInformation.printed(atMost: 200)) is not an address of ADMIN: \(reason)",
                hint: "Name it like \(Settings.defaultURL) or https://admin.example:8443.")
        }
        guard let scheme else { throw fault("it begins with neither http:// nor https://") }
        guard !authority.hasByte("@") else { throw fault("it names a user; give a token instead") }
        guard !authority.utf8.contains(where: { "/?#".utf8.contains($0) }) else {
            throw fault("it goes on after host and port")
        }
        guard let host = Self.host(of: authority), !host.isEmpty,
            authority.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"\\<>^`{|}".utf8.contains($0) })
        else { throw fault("host or port is not valid") }
        description = scheme + authority
        isEncrypted = scheme == "https://"
        isLoopback = host == "localhost" || IPAddress(host)?.isLoopback == true
    }

    private static func host(of authority: Substring) -> Substring? {
        var host = authority
        var port: Substring?
        if authority.hasBytePrefix("[") {
            guard let end = authority.firstByte("]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            guard IPAddress(host)?.family == .ipv6 else { return nil }
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.hasBytePrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstByte(":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        if let port, UInt16(port).map({ $0 == 0 }) ?? true { return nil }
        return host
    }
}
