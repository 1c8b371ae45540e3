/// Work on several elements at a time that waits for others more than for this machine.
package enum TransferWork {
    /// How many contents are sent or fetched at a time.
    package static let width = 4

    /// Calls `body` for each element, at most `width` at a time. After an error what has not begun does not begin.
    package static func run<Element: Sendable>(
        _ elements: [Element], width: Int, _ body: @escaping @Sendable (Element) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = elements[...]
            for _ in 0..<width {
                guard let element = rest.popFirst() else { break }
                group.addTask { try await body(element) }
            }
            while try await group.next() != nil {
                guard let element = rest.popFirst() else { continue }
                group.addTask { try await body(element) }
            }
        }
    }
}
