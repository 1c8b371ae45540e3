import AdminAPI
import Testing

@testable import portcullis

@Suite struct ConfigurationTextTests {
    private let alike = ConfigurationChange(
        services: (1...7).map { "tg.\($0)" },
        lines: [
            .init(path: "/workers", before: "4", after: "8"), .init(path: "/a/0", before: nil, after: "\"x\""),
            .init(path: "/gone", before: "true", after: nil),
        ])

    @Test("services that change alike are named once, with what comes, goes and differs")
    func change() {
        let report = ChangeReport(changes: [], export: [], configurations: [alike])
        #expect(
            ChangeReportText().text(report) == """
                configuration of 7 services: changed
                  tg.1, tg.2, tg.3, tg.4, tg.5 and 2 more
                    ~  /workers  4 → 8
                    +  /a/0      "x"
                    -  /gone     true
                """)
        #expect(ChangeReportText(rowLimit: nil).text(report).contains("tg.6, tg.7"))
        #expect(ChangeReportText(rowLimit: 2).text(report).hasSuffix("\n  … and 2 more; --all-rows shows them"))
    }

    @Test("an explanation has a line for each value, and what was deleted below")
    func explanation() {
        func origin(_ line: Int, _ expression: String? = nil) -> ConfigurationExplanation.Origin {
            .init(
                file: "tg.yaml", line: line, column: 5, type: "tg", sortOrder: 100, block: 1, expression: expression)
        }
        let explanation = ConfigurationExplanation(
            service: "tg.1",
            values: [
                .init(
                    path: "/name", value: "\"tg.1\"", from: origin(3, "${service.name}"),
                    overrode: [.init(value: "1", from: origin(1)), .init(value: "2", from: origin(2))])
            ], deleted: [.init(path: "/old", by: origin(9), overrode: [.init(value: "5", from: origin(4))])])
        #expect(
            ExplanationText.text(explanation) == """
                PATH   VALUE                     FROM         BLOCK   OVERRODE
                /name  "tg.1" (${service.name})  tg.yaml:3:5  tg 100  2 (tg.yaml:2:5), 1 (tg.yaml:1:5)

                DELETED  BY           BLOCK   OVERRODE
                /old     tg.yaml:9:5  tg 100  5 (tg.yaml:4:5)
                """)
    }
}
