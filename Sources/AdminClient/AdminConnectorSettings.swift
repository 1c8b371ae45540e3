/// The addresses of ADMIN, the access to it, and time limits.
package struct AdminConnectorSettings: Sendable {
    package var addresses: AdminURLs
    package var token: TokenSource
    /// The trusted certificates; `nil`: the system's.
    package var certificates: TrustedCertificates?
    /// The program's name for ADMIN (`User-Agent`).
    package var userAgent: String
    /// How long one address may take for a whole answer, including the connection. `AdminRequest.wait` is added.
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

    /// How long an attempt to connect may take. It is shorter if there is another address to try.
    package var connectLimit: Duration {
        addresses.all.count > 1 ? min(timeout / 2, .seconds(5)) : min(timeout, .seconds(10))
    }

    /// The same for a connector that connects by itself: between two attempts of the kernel.
    var directConnectLimit: Duration { min(connectLimit, .seconds(4)) }

    /// How long one address may take for the whole answer to a request.
    package func timeLimit(of request: AdminRequest) -> Duration {
        min(timeout, request.timeout ?? timeout) + .seconds(request.wait)
    }
}
