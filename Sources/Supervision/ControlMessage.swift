import Text

/// What the library in a worker says on its control socket.
package enum ControlMessage: Sendable, Equatable {
    /// It is there; whether it takes configurations by message.
    case hello(takesConfiguration: Bool)
    case configurationTaken
    case configurationRefused(String)

    /// `nil` for a message of a later library.
    package init?(_ text: String) {
        let words = text.splitBytes(" ")
        switch words.first.map(String.init) {
        case "HELLO"? where words.count >= 3 && words[1].isExactly("1"):
            self = .hello(takesConfiguration: words[3...].contains { $0.isExactly("config") })
        case "CONFIG-TAKEN"?: self = .configurationTaken
        case "CONFIG-REFUSED"?:
            self = .configurationRefused(words.dropFirst().joined(separator: " ").shownName(atMost: 300))
        default: return nil
        }
    }
}

/// What the master says on it.
package enum ControlOrder: Sendable, Equatable {
    /// The configuration file was replaced.
    case configuration(path: String)
    case stop

    package var text: String {
        switch self {
        case .configuration(let path): "CONFIG \(path)"
        case .stop: "STOP"
        }
    }
}
