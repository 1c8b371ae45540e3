import AdminAPI
import Cloud
import Foundation
public import Logging
import NIOSSL
import Names
public import Registry
public import ServiceLifecycle
import Text

/// Has people told of ADMIN's certificate and of tokens before they end.
public actor EndWatch: Service {
    /// The time between two looks. Each reads the certificate's file, all tokens, and all notices that are kept.
    private static let interval = Duration.seconds(3_600)
    /// The name of the notices about the certificate.
    private static let certificateName = "tls-certificate"
    /// What the names of the notices about tokens begin with.
    private static let tokenPrefix = "token "

    private let registry: Registry
    private let logger: Logger
    /// The file with ADMIN's certificate; `nil`: it speaks plain HTTP.
    private var certificate: String?

    public init(certificate: String?, registry: Registry, logger: Logger) {
        self.certificate = certificate
        self.registry = registry
        self.logger = logger
    }

    /// Takes the settings after SIGHUP, and looks at once: the certificate may have been renewed.
    public func reload(certificate: String?) async {
        self.certificate = certificate
        await look()
    }

    /// Works until the service group shuts down.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await self.look()
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Looks at all that ends, and writes what people are to be told.
    func look() async {
        do {
            let things = try await self.things()
            let kept = try await registry.store.notices().lazy.map(\.notice).filter(Self.isOurs)
            let told = Dictionary(kept.map { (ExactText($0.name), $0) }) { $1 }
            let notices = EndingNews.notices(things, told: told, now: registry.now())
            guard !notices.isEmpty else { return }
            _ = try await registry.write(by: ChangeAuthor(TokenGrant.endWatch), dryRun: false) { cloud, _ in
                cloud.notices += notices
            }
            for notice in notices { logger.warning("\(notice.title)") }
        } catch {
            logger.failure("what ends soon cannot be looked after now", error)
        }
    }

    private static func isOurs(_ notice: Notice) -> Bool {
        notice.subject == .admin
            && (notice.name.isExactly(certificateName) || notice.name.hasBytePrefix(tokenPrefix))
    }

    private func things() async throws -> [EndingThing] {
        var things: [EndingThing] = []
        if let path = certificate,
            let end = try? NIOSSLCertificate.fromPEMFile(path).map(\.notValidAfter).min()
        {
            things.append(
                EndingThing(
                    name: Self.certificateName, words: "ADMIN's certificate",
                    endsAt: Date(timeIntervalSince1970: Double(end)), isVital: true,
                    advice: """
                        Then no gateway, node or person can connect to ADMIN any more. What runs goes on.
                        Renew \(path.printable), then: systemctl reload portcullis-admin
                        """))
        }
        let oldest = registry.now().addingTimeInterval(-EndingNews.early)
        for token in try await registry.tokens.list() {
            guard let text = token.expiresAt, let end = Timestamp.date(text),
                let start = Timestamp.date(token.createdAt), end > oldest,
                end.timeIntervalSince(start) > 2 * EndingNews.early
            else { continue }
            things.append(
                EndingThing(
                    name: "\(Self.tokenPrefix)\(token.name)", words: "the token \(token.name)", endsAt: end,
                    isVital: false,
                    advice: """
                        It has the role \(token.role.rawValue). Whoever uses it is refused then.
                        portcullis tokens list
                        portcullis tokens add NAME --role \(token.role.rawValue)
                        """))
        }
        return things
    }
}
