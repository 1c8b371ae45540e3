import Names
public import Text
public import YAML

/// How a version of a type is built, and where its files are then.
public struct BuildSection: Sendable, Hashable {
    /// The variant that is built when none is named.
    public static let mainVariant = VersionReference.mainVariant

    public var main: Settings
    /// What other variants have in the place of the main one's settings.
    public var variants: [Variant]
    public var position: YAMLPosition

    /// How one variant is built.
    public struct Settings: Sendable, Hashable {
        /// The program and its arguments, run in the source directory; empty: nothing is to be run.
        public var command: [String]
        /// The directory with the files of the version, relative to the source directory; `.`: that itself.
        @ExactText public var directory: String
        /// Ascending by name.
        public var environment: [EnvironmentVariable]

        /// No command: the files are there, in the source directory or one in it.
        package init(command: [String] = [], directory: String = ".", environment: [EnvironmentVariable] = []) {
            self.command = command
            self.directory = directory
            self.environment = environment
        }
    }

    /// A variant besides the main one; `nil`: as the main one has it.
    public struct Variant: Sendable, Hashable {
        @ExactText public var name: String
        public var command: [String]?
        public var directory: String?
        /// Added to the variables of the main one, or in the place of those with the same name.
        public var environment: [EnvironmentVariable]
    }

    /// How the variant is built; `nil` if there is none of that name.
    public func settings(for variant: String) -> Settings? {
        if variant.isExactly(Self.mainVariant) { return main }
        guard let variant = variants.first(where: { $0.name.isExactly(variant) }) else { return nil }
        let replaced = Set(variant.environment.map { ExactText($0.name) })
        let kept = main.environment.filter { !replaced.contains(ExactText($0.name)) }
        return Settings(
            command: variant.command ?? main.command, directory: variant.directory ?? main.directory,
            environment: (kept + variant.environment).sorted { ExactText($0.name) < ExactText($1.name) })
    }
}
