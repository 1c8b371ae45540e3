/// What is wrong with a file, and where.
package struct ScriptFault: Error, Hashable, Sendable {
    /// How many bytes of the file are before the place.
    package let offset: Int
    package let message: String

    package init(offset: Int, message: String) {
        self.offset = offset
        self.message = message
    }
}
