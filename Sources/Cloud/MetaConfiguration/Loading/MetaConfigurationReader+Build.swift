import Names
import Text
package import YAML

extension MetaConfigurationReader {
    /// The most variants besides the main one.
    private static let mostVariants = 16

    /// `{command: [make, release], directory: build/release, variants: {debug: {command: [make, debug]}}}`
    ///
    /// - Parameter others: keys beside these, which the caller reads.
    mutating func build(_ node: YAMLNode, beside others: [String] = []) -> BuildSection? {
        let keys = ["command", "directory", "environment", "variants"] + others
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "how to build") else { return nil }
        let main = BuildSection.Settings(
            command: mapping["command"].flatMap { buildCommand($0) } ?? [],
            directory: mapping["directory"].flatMap { buildDirectory($0) } ?? ".",
            environment: environment(mapping["environment"]))
        return BuildSection(main: main, variants: variants(mapping["variants"]), position: node.position)
    }

    private mutating func variants(_ node: YAMLNode?) -> [BuildSection.Variant] {
        let mapping = diagnostics.optional(node) { node throws(YAMLError) in
            try node.mapping("a mapping of variants")
        }
        guard let mapping else { return [] }
        guard mapping.pairs.count <= Self.mostVariants else {
            diagnostics.report(mapping.position, "more than \(Self.mostVariants) variants")
            return []
        }
        return mapping.pairs.compactMap { pair in
            let name = pair.key.text
            guard VariantName.problem(with: name) == nil, !name.isExactly(BuildSection.mainVariant) else {
                diagnostics.report(
                    pair.key.position,
                    name.isExactly(BuildSection.mainVariant)
                        ? "\"\(name)\" is the main variant, whose settings stand beside \"variants\""
                        : "\(name.printed()) is no name of a variant: it \(VariantName.problem(with: name) ?? "")")
                return nil
            }
            let keys = ["command", "directory", "environment"]
            guard let settings = diagnostics.mapping(pair.value, allowedKeys: keys, "how to build the variant") else {
                return nil
            }
            return BuildSection.Variant(
                name: name, command: settings["command"].flatMap { buildCommand($0) },
                directory: settings["directory"].flatMap { buildDirectory($0) },
                environment: environment(settings["environment"]))
        }
    }

    /// A program that is found as a shell finds it (`make`), in the source directory (`./configure`), or by an absolute
    /// path, and its arguments.
    private mutating func buildCommand(_ node: YAMLNode) -> [String]? {
        diagnostics.attempt { () throws(YAMLError) in
            let nodes = try node.oneOrMore("a program with its arguments")
            return try nodes.enumerated().map { index, node throws(YAMLError) in
                let word = try node.text(index == 0 ? "a program" : "an argument")
                if let problem = CommandRule.problem(withArgument: word) {
                    throw YAMLError(node.position, "an argument \(problem)")
                }
                guard index > 0 || !word.isEmpty else { throw YAMLError(node.position, "a program is not empty") }
                return word
            }
        }
    }

    private mutating func buildDirectory(_ node: YAMLNode) -> String? {
        diagnostics.attempt { () throws(YAMLError) in
            if let text = node.scalar?.text, text.isExactly(".") { return text }
            return try node.relativePath("a directory", isStored: false)
        }
    }
}

extension BuildSection {
    /// Reads how a type is built, as a meta-configuration has it, from another document.
    ///
    /// - Parameter others: keys beside those of a meta-configuration, which the caller reads.
    /// - Returns: `nil` after a fault of the whole, which is reported.
    package static func read(
        _ node: YAMLNode, beside others: [String], _ diagnostics: inout YAMLDiagnostics
    ) -> BuildSection? {
        var reader = MetaConfigurationReader()
        let section = reader.build(node, beside: others)
        for error in reader.diagnostics.errors { diagnostics.report(error) }
        return section
    }
}

/// The rule for names of variants.
package enum VariantName {
    /// The longest name in bytes.
    package static let longest = VersionReference.longestVariant

    /// The rule as it follows "is no name of a variant: "; `nil` if nothing is wrong.
    package static func problem(with name: String) -> String? { VersionReference.problem(withVariant: name) }
}
