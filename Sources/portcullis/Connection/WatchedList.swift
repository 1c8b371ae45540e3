import AdminAPI
import AdminClient
import JSON

/// A list that is read again and again. After the first time ADMIN sends only what has changed in it; one that is not
/// there in time, and an older ADMIN, may send all of it again.
struct WatchedList<Row: Described & Hashable>: Sendable {
    private let name: @Sendable (Row) -> String
    private var reading: HeldReading
    private var rows: [Row] = []

    init(_ listing: Listing<Row>) {
        name = listing.name
        var request = listing.request
        request.add(APIHeader.acceptedManipulation, APIHeader.mergePatch)
        reading = HeldReading(request: request)
    }

    /// The list when it differs; `nil` when it did not for a while, or ADMIN is away.
    mutating func next(_ client: AdminResources) async throws -> [Row]? {
        guard
            let next = try await reading.next(
                client,
                { [rows, name] answer, request in
                    try client.list(of: answer, to: request, after: rows, name: name)
                })
        else { return nil }
        rows = next
        return next
    }
}

extension AdminResources {
    /// The list that an answer has, or that what it has changed makes of the one before.
    fileprivate func list<Row: Described>(
        of answer: AdminAnswer, to request: AdminRequest, after rows: [Row], name: (Row) -> String
    ) throws -> [Row] {
        guard answer.isListPatch else { return try value(of: answer, to: request) }
        do {
            let patch = try answer.listPatch(of: request)
            let list = try patch.applied(to: rows, name: name) { row, patch in
                try Row((row?.json ?? .null).merging(patch), .tolerant)
            }
            guard let list else { throw BodyError([.init(pointer: "#", detail: "it does not fit the list before it")]) }
            return list
        } catch let error as BodyError {
            throw AnswerErrorText.commandError(
                AnswerError(url: answer.url(of: request), reason: .body(error)), of: request)
        } catch let error as AnswerError {
            throw AnswerErrorText.commandError(error, of: request)
        }
    }
}
