import AdminAPI
import AdminClient

/// ADMIN's resources: sends requests, and makes values or errors for the operator of the answers.
struct AdminResources: Sendable {
    private let settings: Settings
    private let admin: AdminConnector

    init(_ settings: Settings) throws(CommandError) {
        self.settings = settings
        admin = AdminConnector(try settings.connector())
    }

    func shutdown() async { await admin.shutdown() }

    /// The answer with a status of 2xx; any other is thrown, its places in the body told in words of `places`.
    func send(_ request: AdminRequest, places: SourceMap = SourceMap()) async throws -> AdminAnswer {
        let answer: AdminAnswer
        do {
            answer = try await admin.send(request)
        } catch let error as TransportError {
            throw TransportErrorText.commandError(error, settings, request)
        }
        guard (200..<300).contains(answer.status) else { throw AnswerErrorText.commandError(answer, places) }
        return answer
    }

    /// The value of a JSON answer.
    func value<Value: Described>(
        _ request: AdminRequest, as type: Value.Type = Value.self, places: SourceMap = SourceMap()
    ) async throws -> Value {
        let answer = try await send(request, places: places)
        do throws(AnswerError) {
            return try answer.value(type, of: request)
        } catch {
            throw CommandError("\(error)", hint: "Is this an ADMIN of the same version as this command?")
        }
    }
}
