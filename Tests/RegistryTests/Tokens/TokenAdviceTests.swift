import AdminAPI
import Cloud
import Names
import RegistryTestSupport
import Testing

@testable import Registry

@Suite struct TokenAdviceTests {
    private func tokens(_ roles: TokenRole...) -> [TokenRecord] {
        roles.enumerated().map {
            TokenRecord(name: "t\($0)", role: $1, service: nil, gateway: nil, createdAt: "", expiresAt: nil)
        }
    }

    private let scoped = TokenRecord(
        name: "ci", role: .admin, service: nil, gateway: nil, scope: ChangeScope(types: ["pgw"]), createdAt: "",
        expiresAt: nil)

    @Test("the first token closes the API, and one that may change nothing leaves nobody who may")
    func adding() {
        #expect(TokenAdvice.afterAdding(tokens(.admin))?.hasSuffix("those of gateways too") == true)
        #expect(TokenAdvice.afterAdding(tokens(.gateway))?.hasSuffix("until there is one of role admin") == true)
        #expect(TokenAdvice.afterAdding(tokens(.gateway, .admin)) == nil)
        #expect(TokenAdvice.afterAdding([scoped])?.hasSuffix("one of role admin without a scope") == true)
    }

    @Test("the last token opens the API, the last of role admin leaves nobody who may change anything")
    func removing() {
        #expect(TokenAdvice.afterRemoving([])?.contains("is open to everybody") == true)
        #expect(TokenAdvice.afterRemoving(tokens(.gateway, .read))?.hasPrefix("no token of role admin") == true)
        #expect(TokenAdvice.afterRemoving(tokens(.gateway, .admin)) == nil)
        #expect(TokenAdvice.afterRemoving([scoped])?.hasPrefix("no token of role admin without a scope") == true)
    }

    @Test("a token cannot have a name that means another in the event log")
    func reserved() async throws {
        let tokens = Registry(store: InMemoryStore()).tokens
        for name in ["anonymous", "portcullis-admin"] {
            let error = await #expect(throws: ChangeError.self) {
                try await tokens.add(name: name, role: .admin)
            }
            #expect(error?.description == "name: the name \(name) has another meaning in the event log")
        }
    }
}
