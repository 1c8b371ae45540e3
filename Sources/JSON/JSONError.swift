/// A text that is not JSON, or goes beyond a limit, with its place.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    /// 1-based.
    package var line: Int
    /// 1-based, in bytes.
    package var column: Int
    package var message: String
    /// Whether it is JSON all the same: beyond a limit, or with a name twice.
    package var isWellFormed = false

    package var description: String { "\(line):\(column): \(message)" }
}
