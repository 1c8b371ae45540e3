import AdminAPI
import AdminClient
import JSON
import ServiceSupport
import Text

/// How a server gets its own token.
package enum NodeJoining {
    /// Exchanges a join token for the server's own, and keeps that in a file that only its owner may read.
    package static func join(_ configuration: NodeConfiguration, token: [UInt8], to path: String) async throws {
        let text: String
        do {
            text = try TokenSource.token(in: String(decoding: token, as: UTF8.self))
        } catch {
            throw SourceError("the join token cannot be used: \(error)")
        }
        let admin = AdminConnector(
            AdminConnectorSettings(
                addresses: try configuration.requiredAdmin(),
                certificates: try configuration.caFile.map { try TrustedCertificates(reading: $0) },
                userAgent: "portcullis-node", timeout: .seconds(configuration.timeout)))
        do {
            let own = try await exchange(text, configuration, admin)
            try Files.replace(path, with: Array("\(own)\n".utf8), isDurable: true, mode: 0o600)
        } catch {
            await admin.shutdown()
            throw error
        }
        await admin.shutdown()
    }

    private static func exchange(
        _ token: String, _ configuration: NodeConfiguration, _ admin: AdminConnector
    ) async throws -> String {
        let request = AdminRequest(.post, .join).json(JoinRequest(token: token, server: configuration.server))
        let answer: AdminAnswer
        do {
            answer = try await admin.send(request)
        } catch let error as TransportError {
            throw SourceError(error, request.target, configuration.caFile)
        }
        guard (200..<300).contains(answer.status) else {
            let detail = Problem(answer)?.detail.printable ?? ""
            throw SourceError(
                "ADMIN at \(answer.address) refused the join token with \(answer.statusLine)\(detail.isEmpty ? "" : ": \(detail)")"
            )
        }
        guard let text = (try? JSONParser.parse(answer.body))?["token"]?.string,
            let own = try? TokenSource.token(in: text)
        else { throw SourceError("the answer of \(answer.address)\(request.target) has no token") }
        return own
    }
}
