/// What systemd answered instead of doing what it was asked for, or why it could not be asked.
package struct SystemdError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name of the error in D-Bus; empty: there was no answer.
    package var name: String
    package var message: String

    package init(name: String = "", message: String) {
        self.name = name
        self.message = message
    }

    /// Whether a unit of the name is there already.
    package var isUnitThere: Bool { name.utf8.elementsEqual("org.freedesktop.systemd1.UnitExists".utf8) }

    package var description: String { "systemd: \(message)" }
}
