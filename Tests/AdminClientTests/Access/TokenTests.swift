import AdminAPI
import AdminClient
import Foundation
import HTTPTestSupport
import NIOHTTP1
import ServiceSupport
import Testing

@Suite struct TokenTests {
    private static let reading = AdminRequest(.get, .servers)

    private static let refusal = StubServer.Answer(status: .unauthorized)

    /// A file with a token, gone with the last reference.
    private final class TokenFile: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)").path

        init(_ token: String) throws { try write(token) }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ token: String) throws { try Data("\(token)\n".utf8).write(to: URL(filePath: path)) }
    }

    private func withFile(_ token: String, _ body: (TestConnection, TokenFile) async throws -> Void) async throws {
        let file = try TokenFile(token)
        try await TestConnection.with([Self.refusal], token: try .reading(file.path)) { connection in
            try await body(connection, file)
        }
    }

    /// From now on the server knows this token alone.
    private func admit(_ token: String, _ connection: TestConnection) {
        connection.servers[0].answer { head in
            head.headers["Authorization"] == ["Bearer \(token)"] ? .ok() : Self.refusal
        }
    }

    private func shown(_ connection: TestConnection) -> [String?] {
        connection.servers[0].requests.map { $0.headers["Authorization"].first }
    }

    @Test("a token that was changed is shown with the next request")
    func changed() async throws {
        try await withFile("old") { connection, file in
            admit("old", connection)
            #expect(try await connection.admin.send(Self.reading).status == 200)
            try file.write("new-token")
            admit("new-token", connection)
            #expect(try await connection.admin.send(Self.reading).status == 200)
            #expect(shown(connection) == ["Bearer old", "Bearer new-token"])
        }
    }

    @Test("at a 401 the file is read again, and a change is sent again with what is there now: it was not made")
    func renewedAtRefusal() async throws {
        try await withFile("old") { connection, file async throws in
            // Written while ADMIN answers, so that no look at the file before the request sees it.
            connection.servers[0].answer { head in
                try? file.write("new")
                return head.headers["Authorization"] == ["Bearer new"] ? .ok() : Self.refusal
            }
            let change = AdminRequest.change(.delete, .server("app1"), dryRun: false)
            #expect(try await connection.admin.send(change).status == 200)
            #expect(shown(connection) == ["Bearer old", "Bearer new"])
        }
    }

    @Test("a token that is refused and has not changed is shown once")
    func refused() async throws {
        try await withFile("wrong") { connection, _ async throws in
            admit("right", connection)
            #expect(try await connection.admin.send(Self.reading).status == 401)
            #expect(shown(connection).count == 1)
        }
    }

    @Test("while the file is unusable the token before goes on, and the problem names the file")
    func unusable() async throws {
        try await withFile("old") { connection, file in
            admit("old", connection)
            try file.write("two words")
            #expect(try await connection.admin.send(Self.reading).status == 200)
            #expect(connection.admin.problem?.contains("this is no bearer token (letters, ") == true)
            try file.write("old")
            #expect(try await connection.admin.send(Self.reading).status == 200)
            #expect(connection.admin.problem == nil)
        }
    }

    @Test("a token that was read from a pipe goes on: a pipe is not read twice")
    func pipe() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "pipe-\(UUID().uuidString)").path
        #expect(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        try await TestConnection.with(
            [Self.refusal], token: .renewing("from-pipe", from: path)
        ) { connection in
            let answer = try await connection.admin.send(Self.reading)
            #expect(answer.status == 401)
            #expect(shown(connection) == ["Bearer from-pipe"])
        }
    }

    @Test("a token is one of RFC 6750, with nothing but space around it")
    func syntax() throws {
        for text in ["abc", "A-._~+/9", "YWJj==", "\tabc\r\n"] {
            #expect(try TokenSource.token(in: text) == text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        for text in ["a b", "a\nb", "é", "a\"", "a,b", "=", "a=b", "\u{1}"] {
            let error = #expect(throws: TokenSyntaxError.self) { try TokenSource.token(in: text) }
            #expect(error?.description.hasPrefix("this is no bearer token") == true, "\(text)")
        }
        let error = #expect(throws: TokenSyntaxError.self) { try TokenSource.token(in: " \n") }
        #expect(error?.description == "the token is empty")
    }

    @Test("a file that is not there, or holds no token, is an error at the start")
    func atStart() {
        let error = #expect(throws: FileError.self) { try TokenSource.reading("/nowhere/token") }
        #expect(error?.description == "read token /nowhere/token: no such file")
    }
}
