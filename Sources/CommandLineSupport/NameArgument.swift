import ArgumentParser

/// An argument that names something. An empty one, as of a shell variable that is not set, would be the address of the
/// list that the thing is in.
public enum NameArgument {
    /// The name, unless it is empty.
    public static func read(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("a name is not empty") }
        return text
    }
}
