import AdminAPI
import CommandLineSupport

/// The explanation of a configuration for people, with one value per line.
enum ExplanationText {
    static func text(_ explanation: ConfigurationExplanation) -> String {
        let values = Table(
            ["PATH", "VALUE", "FROM", "BLOCK", "OVERRODE"],
            explanation.values.map { value in
                [value.path, self.value(value.value, value.from), place(value.from), block(value.from)]
                    + [overrode(value.overrode)]
            })
        guard !explanation.deleted.isEmpty else { return values.text }
        let deleted = Table(
            ["DELETED", "BY", "BLOCK", "OVERRODE"],
            explanation.deleted.map { [$0.path, place($0.by), block($0.by), overrode($0.overrode)] })
        return values.text + "\n\n" + deleted.text
    }

    private static func value(_ value: String, _ origin: ConfigurationExplanation.Origin) -> String {
        origin.expression.map { "\(value) (\($0))" } ?? value
    }

    private static func place(_ origin: ConfigurationExplanation.Origin) -> String {
        "\(origin.file):\(origin.line):\(origin.column)"
    }

    /// `logger 1000`: the block's file and its sort order.
    private static func block(_ origin: ConfigurationExplanation.Origin) -> String {
        "\(origin.type) \(origin.sortOrder)"
    }

    /// The replaced values, the newest first.
    private static func overrode(_ list: [ConfigurationExplanation.Overridden]) -> String {
        list.reversed().map { "\($0.value) (\(place($0.from)))" }.joined(separator: ", ")
    }
}
