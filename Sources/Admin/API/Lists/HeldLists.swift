import Synchronization
import Text

/// The lists that held requests keep. Those of the same list keep one text, and with the last of them it goes.
final class HeldLists: Sendable {
    private struct Key: Hashable {
        @ExactText var target: String
        @ExactText var tag: String
    }

    private struct Weak {
        weak var text: ListText?
    }

    private let lists = Mutex<[Key: Weak]>([:])

    /// The text that another request keeps, or else this one. Costs a look at each list that is kept.
    ///
    /// - Parameters:
    ///   - target: what was asked for. Lists with other elements may have the same text, and so the same tag, when only
    ///     some members were asked for.
    ///   - tag: the list's ETag.
    func shared(_ text: ListText, target: String, tag: String) -> ListText {
        let key = Key(target: target, tag: tag)
        return lists.withLock { lists in
            lists = lists.filter { $0.value.text != nil }
            if let kept = lists[key]?.text { return kept }
            lists[key] = Weak(text: text)
            return text
        }
    }

    /// How many texts are kept.
    var count: Int { lists.withLock { $0.values.count { $0.text != nil } } }
}
