import JSON
import Names

/// Body of `POST /v1/servers/{server}/join`: a token by which the server joins is wanted.
public struct JoinTokenCreation: Sendable, Hashable {
    /// Seconds after which it ends; `nil`: an hour.
    public var seconds: Int?

    public init(seconds: Int? = nil) { self.seconds = seconds }
}

/// Body of `POST /v1/join`: a server exchanges its join token for its own.
public struct JoinRequest: Sendable, Hashable {
    public var token: String
    public var server: String

    public init(token: String, server: String) {
        self.token = token
        self.server = server
    }
}

/// Answer of `POST /v1/join`.
public struct JoinAnswer: Sendable, Hashable {
    public var server: String
    /// The server's own token, which is returned only here.
    public var token: String

    public init(server: String, token: String) {
        self.server = server
        self.token = token
    }
}

// MARK: Forms

extension JoinTokenCreation: Described {
    package static let form = Form<Self>.object(
        "JoinTokenCreation",
        .present(
            "for", .integer(Limits.joinSeconds).described("Seconds after which it ends; absent: an hour"), \.seconds)
    ) { JoinTokenCreation(seconds: $0) }
}

extension JoinRequest: Described {
    package static let form = Form<Self>.object(
        "JoinRequest", .required("token", .bytes(1...200), \.token), .required("server", .name(.server), \.server)
    ) { JoinRequest(token: $0, server: $1) }
}

extension JoinAnswer: Described {
    package static let form = Form<Self>.object(
        "JoinAnswer", .required("server", .name(.server), \.server), .required("token", .text, \.token)
    ) { JoinAnswer(server: $0, token: $1) }
}
