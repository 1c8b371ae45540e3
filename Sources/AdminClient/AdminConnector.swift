import AdminAPI
import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceSupport
import Synchronization

/// The HTTP client for ADMIN: sends requests to one of its addresses, and turns the results into values or errors.
///
/// Connections are kept and reused. Redirects are never followed, so that no other host gets the token.
package final class AdminConnector: Sendable {
    private let settings: AdminConnectorSettings
    private enum Transport: Sendable {
        case pool(HTTPClient)
        case direct(DirectTransport)
    }

    private let transport: Transport
    private let order: Mutex<AddressOrder>
    /// The addresses that have answered.
    private let answered = Mutex<Set<AdminURL>>([])
    private let clock: AdminConnectorClock

    /// - Parameters:
    ///   - eventLoops: the event loops that receive answers; `nil`: those that the process shares.
    ///   - clock: the clock for the rests of addresses after failures.
    package init(
        _ settings: AdminConnectorSettings, eventLoops: (any EventLoopGroup)? = nil,
        clock: AdminConnectorClock = .system
    ) {
        self.settings = settings
        self.clock = clock
        order = Mutex(AddressOrder(count: settings.addresses.all.count))
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: TimeAmount(settings.connectLimit))
        // Retries are left to the caller, or use another address.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        transport = .pool(
            HTTPClient(
                eventLoopGroupProvider: eventLoops.map { .shared($0) } ?? .singleton, configuration: configuration))
    }

    /// A client that works on one event loop alone, and whose process rests while nothing happens. Its requests do not end
    /// when their task is cancelled.
    package init(
        _ settings: AdminConnectorSettings, directlyOn eventLoop: any EventLoop, clock: AdminConnectorClock = .system
    ) {
        self.settings = settings
        self.clock = clock
        order = Mutex(AddressOrder(count: settings.addresses.all.count))
        transport = .direct(DirectTransport(eventLoop, connectLimit: TimeAmount(settings.directConnectLimit)))
    }

    /// Closes the connections. Nothing can be sent afterwards.
    package func shutdown() async {
        // All answers have been received. A connection that does not close properly changes nothing.
        switch transport {
        case .pool(let http): try? await http.shutdown()
        case .direct(let direct): direct.shutdown()
        }
    }

    /// Sends a request to the address that last answered. If that cannot be reached, does not answer in time, or
    /// breaks off, tries the next one. A change is sent to another address only if no connection was made: a request
    /// that ADMIN may have received is never sent twice.
    ///
    /// - Parameter receiving: called with true when the head of an answer with content has arrived, and with false at
    ///   its end.
    /// - Returns: the answer, whatever its status.
    /// - Throws: `TransportError`, or `CancellationError`.
    package func send(
        _ request: AdminRequest, receiving: @escaping @Sendable (Bool) -> Void = { _ in }
    ) async throws -> AdminAnswer {
        let addresses = settings.addresses.all
        guard addresses.count > 1 else { return try await send(request, to: addresses[0], receiving) }
        var failures = [TransportError]()
        for index in order.withLock({ $0.candidates(at: clock.now()) }) {
            do {
                let answer = try await send(request, to: addresses[index], receiving)
                order.withLock { $0.succeeded(index) }
                return answer
            } catch var error as TransportError {
                error.earlier = failures
                guard error.isOfAddress else { throw error }
                order.withLock { $0.failed(index, at: clock.now(), jitter: clock.jitter()) }
                guard !(request.isChange && error.mayHaveArrived) else { throw error }
                failures.append(error)
            }
        }
        guard var last = failures.popLast() else { preconditionFailure("a request without an address to go to") }
        last.earlier = failures
        throw last
    }

    private func send(
        _ request: AdminRequest, to address: AdminURL, _ receiving: @escaping @Sendable (Bool) -> Void
    ) async throws -> AdminAnswer {
        let deadline = NIODeadline.now() + TimeAmount(settings.timeLimit(of: request))
        switch transport {
        case .pool(let http): return try await send(request, to: address, by: http, deadline, receiving)
        case .direct(let direct): return try await send(request, to: address, by: direct, deadline)
        }
    }

    private func send(
        _ request: AdminRequest, to address: AdminURL, by direct: DirectTransport, _ deadline: NIODeadline
    ) async throws -> AdminAnswer {
        let answer = try await withToken { (token) async throws -> DirectConnection.Answer in
            do {
                let answer = try await direct.exchange(
                    head(of: request, to: address, token: token), request.body?.bytes, with: address,
                    tls: settings.certificates?.current(),
                    DirectConnection.Limits(content: request.limit, problem: request.problemLimit), deadline: deadline)
                _ = answered.withLock { $0.insert(address) }
                return answer
            } catch {
                throw try failure(error, asking: address, isReceiving: false)
            }
        } isRefused: {
            $0.head.status == .unauthorized
        }
        return AdminAnswer(
            status: Int(answer.head.status.code), headers: answer.head.headers, body: answer.body, from: address)
    }

    /// Sends a request, and once more if it is refused and the token was replaced after we read the file, or while ADMIN held
    /// its answer. A refused request was not carried out.
    private func withToken<Answer>(
        _ send: (_ token: String?) async throws -> Answer, isRefused: (Answer) -> Bool
    ) async throws -> Answer {
        let shown = settings.token.current()
        let answer = try await send(shown)
        guard isRefused(answer), let renewed = settings.token.renewed(after: shown) else { return answer }
        return try await send(renewed)
    }

    private func send(
        _ request: AdminRequest, to address: AdminURL, by http: HTTPClient, _ deadline: NIODeadline,
        _ receiving: @escaping @Sendable (Bool) -> Void
    ) async throws -> AdminAnswer {
        let response = try await withToken { token in
            try await head(of: request, from: address, by: http, token: token, deadline)
        } isRefused: {
            $0.status == .unauthorized
        }
        let status = Int(response.status.code)
        guard response.status != .notModified else {
            await AnswerContent(response, of: request).skip()
            return AdminAnswer(status: status, headers: response.headers, from: address)
        }
        receiving(true)
        defer { receiving(false) }
        let content = AnswerContent(response, of: request)
        do {
            // A limit for the whole body: the library's limits are only for the head, or between two reads. A slow
            // server could stay within these for ever.
            let body = try await withTimeLimit(.nanoseconds((deadline - .now()).nanoseconds)) {
                try await content.bytes()
            } otherwise: {
                HTTPClientError.deadlineExceeded
            }
            return AdminAnswer(status: status, headers: response.headers, body: body, from: address)
        } catch {
            throw try failure(error, asking: address, isReceiving: true)
        }
    }

    private func head(
        of request: AdminRequest, from address: AdminURL, by http: HTTPClient, token: String?, _ deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        do {
            let response = try await http.execute(message(request, to: address, token: token), deadline: deadline)
            _ = answered.withLock { $0.insert(address) }
            return response
        } catch {
            throw try failure(error, asking: address, isReceiving: false)
        }
    }

    /// - Throws: if the task was cancelled, which is no fault of ADMIN.
    private func failure(
        _ error: any Error, asking address: AdminURL, isReceiving: Bool
    ) throws(CancellationError) -> TransportError {
        if Task.isCancelled { throw CancellationError() }
        var failure = TransportError(error, asking: address)
        failure.isReceiving = isReceiving
        if !isReceiving, !address.isEncrypted, [.closed, .notHTTP, .failed].contains(failure.kind) {
            failure.mayExpectTLS = !answered.withLock { $0.contains(address) }
        }
        return failure
    }

    private func message(_ request: AdminRequest, to address: AdminURL, token: String?) -> HTTPClientRequest {
        var message = HTTPClientRequest(url: address.description + request.target)
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        message.tlsConfiguration = settings.certificates?.current()
        message.headers = headers(of: request, token: token)
        if let body = request.body { message.body = .bytes(ByteBuffer(bytes: body.bytes)) }
        return message
    }

    private func head(of request: AdminRequest, to address: AdminURL, token: String?) -> HTTPRequestHead {
        var headers = headers(of: request, token: token)
        headers.add(name: APIHeader.host, value: String(address.authority))
        if let body = request.body { headers.add(name: APIHeader.contentLength, value: "\(body.bytes.count)") }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: request.target,
            headers: headers)
    }

    private func headers(of request: AdminRequest, token: String?) -> HTTPHeaders {
        var headers = request.headers
        headers.add(name: APIHeader.accept, value: request.accept)
        headers.add(name: APIHeader.userAgent, value: settings.userAgent)
        if let token { headers.add(name: APIHeader.authorization, value: "Bearer \(token)") }
        if request.onlyWhenAbsent {
            headers.add(name: APIHeader.ifNoneMatch, value: "*")
        } else if !request.known.isEmpty {
            headers.add(name: APIHeader.ifNoneMatch, value: request.known.joined(separator: ", "))
        }
        if request.wait > 0 { headers.add(name: APIHeader.prefer, value: "wait=\(request.wait)") }
        if let body = request.body { headers.add(name: APIHeader.contentType, value: body.contentType) }
        return headers
    }

    /// A problem although requests may still be answered: a renewed file that cannot be used.
    package var problem: String? {
        let problems = [settings.token.problem, settings.certificates?.problem].compactMap(\.self)
        return problems.isEmpty ? nil : problems.joined(separator: "; ")
    }
}
