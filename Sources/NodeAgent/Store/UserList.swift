package import Text

/// Which service has the user of which number: the file `users`. A number that is lost would be given to another service,
/// and with it the data of the first: a file that may not be whole is refused.
package struct UserList: Sendable, Hashable {
    package private(set) var numbers: [ExactText: UInt32] = [:]

    private static let head = "users 1"
    private static let end = "end"

    package init() {}

    /// Reads the file. One that an earlier build has written has neither the first nor the last line.
    ///
    /// - Throws: what is wrong with it, in words.
    package init(reading bytes: [UInt8]) throws(LaunchError) {
        var lines = String(decoding: bytes, as: UTF8.self).splitBytes("\n").map(String.init)
        guard lines.count > 1 else { throw LaunchError("it is empty, or cut off") }
        guard lines.removeLast().isEmpty else { throw LaunchError("its last line is cut off") }
        if lines[0].isExactly(Self.head) {
            guard lines.count > 1, lines.removeLast().isExactly(Self.end) else {
                throw LaunchError("it is cut off: its last line is not \"\(Self.end)\"")
            }
            lines.removeFirst()
        }
        var services: [UInt32: String] = [:]
        for line in lines {
            let parts = line.splitBytes(" ").map(String.init)
            guard parts.count == 2, AssignedName.type(of: parts[0]) != nil, let number = UInt32(parts[1]) else {
                throw LaunchError("the line \(line.printed()) is no service with a number")
            }
            if let other = services.updateValue(parts[0], forKey: number) {
                throw LaunchError("\(other) and \(parts[0]) have the same number \(number)")
            }
            guard numbers.updateValue(number, forKey: ExactText(parts[0])) == nil else {
                throw LaunchError("\(parts[0]) has two numbers")
            }
        }
    }

    package var bytes: [UInt8] {
        let lines = numbers.sorted { $0.key < $1.key }.map { "\($0.key.wrappedValue) \($0.value)" }
        return Array(([Self.head] + lines + [Self.end, ""]).joined(separator: "\n").utf8)
    }

    /// Gives a service the first number that no other has. Returns it; `nil`: there is none left.
    package mutating func give(_ service: String, from range: ClosedRange<UInt32>) -> UInt32? {
        let taken = Set(numbers.values)
        guard let number = range.first(where: { !taken.contains($0) }) else { return nil }
        numbers[ExactText(service)] = number
        return number
    }
}
