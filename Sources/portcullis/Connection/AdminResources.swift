import AdminAPI
import AdminClient
import JSON

/// ADMIN's resources: sends requests, and turns the answers into values, or errors for the operator.
struct AdminResources: Sendable {
    private let settings: Settings
    private let admin: AdminConnector

    init(_ settings: Settings) throws(CommandError) {
        self.settings = settings
        admin = AdminConnector(try settings.connector())
    }

    func shutdown() async { await admin.shutdown() }

    /// Sends a request and returns its answer if the status is 2xx, or 304 for what the request knows. Throws any other;
    /// places in the body are named by `places`.
    func send(_ request: AdminRequest, places: SourceMap = SourceMap()) async throws -> AdminAnswer {
        let answer: AdminAnswer
        do {
            answer = try await admin.send(request)
        } catch let error as TransportError {
            throw TransportErrorText.commandError(error, settings, request)
        }
        guard (200..<300).contains(answer.status) || answer.isUnchanged && !request.known.isEmpty else {
            throw AnswerErrorText.commandError(answer, of: request, places)
        }
        return answer
    }

    /// Like `send`; `nil` if the client has the content (`AdminRequest.known`).
    func sendUnlessKnown(_ request: AdminRequest) async throws -> AdminAnswer? {
        let answer = try await send(request)
        return answer.isUnchanged ? nil : answer
    }

    /// The value of a JSON answer.
    func value<Value: Described>(
        _ request: AdminRequest, as type: Value.Type = Value.self, places: SourceMap = SourceMap()
    ) async throws -> Value {
        try self.value(of: try await send(request, places: places), to: request)
    }

    /// The value of a JSON answer that has come.
    func value<Value: Described>(of answer: AdminAnswer, to request: AdminRequest) throws(CommandError) -> Value {
        do throws(AnswerError) {
            return try answer.value(of: request)
        } catch {
            throw AnswerErrorText.commandError(error, of: request)
        }
    }

    /// The content of an answer of the media type, as it came.
    func content(_ mediaType: String, _ request: AdminRequest) async throws -> [UInt8] {
        let answer = try await send(request)
        do throws(AnswerError) {
            return try answer.content(mediaType, of: request)
        } catch {
            throw AnswerErrorText.commandError(error, of: request)
        }
    }

    /// JSON as it came, indented.
    func indentedJSON(_ request: AdminRequest) async throws -> String {
        let answer = try await send(request)
        do throws(AnswerError) {
            let json = try answer.content(of: request)
            do throws(JSONError) {
                return try JSONText.reformatted(json)
            } catch {
                throw AnswerError(url: answer.url(of: request), reason: .body(BodyError(error)))
            }
        } catch {
            throw AnswerErrorText.commandError(error, of: request)
        }
    }
}
