import ArgumentParser

/// An argument that names an object. An empty one, from a shell variable that is not set, would lead to the path of
/// the list that contains the object.
public enum NameArgument {
    /// Returns the name; throws if it is empty.
    public static func read(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("a name is not empty") }
        return text
    }
}
