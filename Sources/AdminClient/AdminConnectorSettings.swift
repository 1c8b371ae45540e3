/// Where ADMIN is, how to be let in there, and how long to wait for it.
package struct AdminConnectorSettings: Sendable {
    package var addresses: AdminURLs
    package var token: TokenSource
    /// `nil`: the system's are trusted.
    package var certificates: TrustedCertificates?
    /// What the program calls itself (`User-Agent`).
    package var userAgent: String
    /// How long one address may take for its whole answer, connecting included; `AdminRequest.wait` comes on top.
    package var timeout: Duration

    package init(
        addresses: AdminURLs, token: TokenSource = .absent, certificates: TrustedCertificates? = nil, userAgent: String,
        timeout: Duration
    ) {
        self.addresses = addresses
        self.token = token
        self.certificates = certificates
        self.userAgent = userAgent
        self.timeout = timeout
    }

    /// How long an attempt to connect may take: less where another address is worth a try within the time.
    package var connectLimit: Duration {
        addresses.all.count > 1 ? min(timeout / 2, .seconds(5)) : min(timeout, .seconds(10))
    }

    /// For the whole of an answer.
    package func timeLimit(of request: AdminRequest) -> Duration { timeout + .seconds(request.wait) }
}
