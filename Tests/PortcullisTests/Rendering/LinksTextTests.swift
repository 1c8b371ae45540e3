import AdminAPI
import Names
import Testing

@testable import portcullis

@Suite("Links of masters") struct LinksTextTests {
    private func link(_ problem: String?, isPresent: Bool = false) -> LinkResource {
        LinkResource(
            service: "tg.1", server: "app1", state: .connected,
            configuration: ConfigurationReport(tag: "\"9c\"", at: "2027-01-15T08:00:00Z", problem: problem),
            hasPresentConfiguration: isPresent)
    }

    private let service = ServiceResource(
        name: "tg.1", type: "tg", index: 1, server: "app1", state: .ready, weight: nil)

    @Test("what has become of the configuration is said in a sentence")
    func configuration() {
        #expect(LinksText.configurationSentence(of: link(nil, isPresent: true)) == "current")
        #expect(LinksText.configurationSentence(of: link(nil)) == "older")
        #expect(LinksText.configurationSentence(of: link("worker 1: line 3")) == "not in use: worker 1: line 3")
        #expect(LinksText.configurationSentence(of: LinkResource(service: "tg.1", server: "app1", state: .lost)) == nil)
    }

    @Test("a list of services notes a configuration that is not in use")
    func list() {
        let unused = LinkDirectory([link("line 3")], showsAll: false)
        #expect(unused.isShown(for: [service]))
        #expect(unused.text(of: service) == "connected, configuration not in use")
        #expect(LinkDirectory([link(nil)], showsAll: true).text(of: service) == "connected")
        #expect(LinkDirectory([], showsAll: false).text(of: service) == "-")
    }
}
