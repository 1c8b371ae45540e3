public import Text

/// A command of a service that is run when somebody asks for it, or at intervals.
public struct ServiceAction: Sendable, Hashable {
    @ExactText public var name: String
    /// The program and its first arguments; those that somebody gives follow.
    public var command: [String]
    /// What may be given, in order. Only the last ones may be optional.
    public var arguments: [ActionArgument] = []
    /// Seconds that it may take.
    public var timeout = 300
    /// Seconds from one run to the next; `nil`: only when somebody asks.
    public var every: Int?

    package init(name: String, command: [String]) {
        self.name = name
        self.command = command
    }

    /// The most actions of a service.
    package static let most = 64
    package static let timeouts = 1...86_400
    package static let intervals = 60...31 * 86_400
    /// The most arguments of an action.
    package static let mostArguments = 16

    /// What is wrong with the arguments of an action, to follow "the action"; `nil` if nothing is.
    package static func problem(with arguments: [ActionArgument], every: Int?) -> String? {
        if arguments.count > mostArguments { return "has more than \(mostArguments) arguments" }
        if Set(arguments.map { ExactText($0.name) }).count < arguments.count { return "names an argument twice" }
        if let first = arguments.firstIndex(where: \.isOptional), !arguments[first...].allSatisfy(\.isOptional) {
            return "has an argument after an optional one that is not optional"
        }
        if every != nil, !arguments.allSatisfy(\.isOptional) {
            return "is run at intervals, so its arguments must be optional"
        }
        return nil
    }

    /// The whole command with the arguments that somebody gave.
    ///
    /// - Throws: what is wrong with them, as a sentence.
    package func words(with given: [String]) throws(ActionArgumentError) -> [String] {
        let required = arguments.count { !$0.isOptional }
        guard given.count >= required, given.count <= arguments.count else {
            let names = arguments.map { $0.isOptional ? "[\($0.name)]" : $0.name }
            throw ActionArgumentError(
                "the action \(name) takes \(names.isEmpty ? "no arguments" : names.joined(separator: " ")), "
                    + "and \(given.count) \(given.count == 1 ? "is" : "are") given")
        }
        for (argument, text) in zip(arguments, given) {
            if let problem = argument.kind.problem(with: text) {
                throw ActionArgumentError("\(argument.name) of the action \(name): \(text.printed()) \(problem)")
            }
        }
        return command + given
    }
}

/// Arguments that an action does not take.
package struct ActionArgumentError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// An argument that an action takes.
public struct ActionArgument: Sendable, Hashable {
    @ExactText public var name: String
    public var kind: Kind
    public var isOptional = false

    package init(name: String, kind: Kind, isOptional: Bool = false) {
        self.name = name
        self.kind = kind
        self.isOptional = isOptional
    }

    /// What is accepted.
    public enum Kind: Sendable, Hashable {
        /// One of some words.
        case words([ExactText])
        /// A whole number.
        case number(ClosedRange<Int>)
        /// A text of so many bytes at most that no program takes for an option.
        case text(longest: Int)

        /// The most words to choose from.
        package static let mostWords = 64
        /// How long a text may be allowed to be.
        package static let lengths = 1...1_024

        /// What is wrong with a word to choose from, to follow it in a message; `nil` if nothing is.
        package static func problem(withWord word: String) -> String? { Self.text(longest: 128).problem(with: word) }

        /// What is wrong with a given text, to follow it in a message; `nil` if nothing is.
        package func problem(with text: String) -> String? {
            switch self {
            case .words(let words):
                return words.contains(ExactText(text))
                    ? nil : "is none of \(words.map(\.wrappedValue).joined(separator: ", "))"
            case .number(let range):
                guard let number = Int(text), "\(number)".isExactly(text), range.contains(number) else {
                    return "is no whole number from \(range.lowerBound) to \(range.upperBound)"
                }
                return nil
            case .text(let longest):
                guard !text.utf8.isEmpty else { return "is empty" }
                guard text.utf8.count <= longest else { return "is longer than \(longest) bytes" }
                guard text.utf8.first != UInt8(ascii: "-") else { return "starts with \"-\", as options do" }
                return text.unicodeScalars.contains { $0.isDeceptive } ? "has a control character" : nil
            }
        }
    }
}
