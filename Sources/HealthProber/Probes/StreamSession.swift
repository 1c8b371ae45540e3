import HealthChecks
import NetworkTypes

/// A conversation over a connection, with or without TLS, and the bytes that are still to be sent. It has no socket.
final class StreamSession {
    private let target: ProbeTarget
    private var conversation: StreamConversation?
    private var tls: TLSSession?
    /// What the socket has not taken yet.
    var output: [UInt8] = []
    /// Set once nothing more needs to be said.
    private(set) var outcome: ProbeOutcome?
    private(set) var isConnected = false

    init(_ target: ProbeTarget) { self.target = target }

    /// The connection stands.
    func begin(_ contexts: TLSContexts, local: IPAddress) {
        isConnected = true
        conversation = StreamConversation(target, local: local)
        guard let tls = target.check.probe.tls else {
            output += conversation?.opening ?? []
            return
        }
        do {
            let session = try TLSSession(tls, contexts, target.address, port: target.port)
            self.tls = session
            takeOutput(of: session)
        } catch {
            outcome = .void(problem: "\(error)")
        }
    }

    /// Bytes have come.
    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard outcome == nil else { return }
        guard let tls else { return converse(bytes) }
        let wasReady = tls.isReady
        let failure = tls.receive(bytes)
        if tls.isReady, !wasReady {
            if let conversation { tls.send(conversation.opening) } else { outcome = .success() }
        }
        while outcome == nil, let plain = tls.next() { plain.withUnsafeBytes { converse($0) } }
        takeOutput(of: tls)
        if outcome == nil, let failure {
            outcome = tls.isReady && tls.isAtEnd ? conversation?.close() ?? .success() : .failure(failure)
        }
    }

    private func converse(_ bytes: UnsafeRawBufferPointer) {
        switch conversation?.receive(bytes) ?? .wait {
        case .wait: return
        case .send(let bytes): send(bytes)
        case .end(let outcome, let farewell):
            self.outcome = outcome
            if !farewell.isEmpty { send(farewell) }
        }
    }

    private func send(_ bytes: [UInt8]) {
        if let tls { tls.send(bytes) } else { output += bytes }
    }

    private func takeOutput(of tls: TLSSession) {
        while let bytes = tls.nextOutput() { output += bytes }
    }

    /// The server has closed the connection.
    func close() {
        guard outcome == nil else { return }
        if let tls, !tls.isReady {
            outcome = .failure("connection closed within the TLS handshake")
        } else {
            outcome = conversation?.close() ?? .failure(ProbePhrase.closedUnanswered)
        }
    }

    /// The phrase for a time that has passed.
    func silence(within time: Int) -> String {
        guard isConnected else { return ProbePhrase.noConnection(within: time) }
        if let tls, !tls.isReady { return ProbePhrase.noHandshake(within: time) }
        return conversation?.hasBegun ?? false
            ? ProbePhrase.noWholeAnswer(within: time) : ProbePhrase.noAnswer(within: time)
    }

    /// Ends TLS, so that the output has what tells the server.
    func finish() {
        guard let tls else { return }
        tls.finish()
        takeOutput(of: tls)
        self.tls = nil
    }
}

extension Probe {
    /// How TLS is spoken; `nil`: not at all.
    var tls: TLS? {
        switch self {
        case .tls(let tls): tls
        case .http(let http): http.tls
        case .tcp, .dns, .smtp, .udp, .ping, .command: nil
        }
    }
}
