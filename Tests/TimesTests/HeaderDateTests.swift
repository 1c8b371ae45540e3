import Times
import FoundationEssentials
import Testing

@Suite("Times of HTTP's headers") struct HeaderDateTests {
    @Test("a time is read to the second")
    func time() {
        #expect(
            InternetTime.date(ofHeader: "Sun, 06 Nov 1994 08:49:37 GMT") == Date(timeIntervalSince1970: 784_111_777))
        #expect(
            InternetTime.date(ofHeader: "Fri, 01 Jan 2027 00:00:00 GMT") == InternetTime.date("2027-01-01T00:00:00Z"))
    }

    @Test(
        "another form is none",
        arguments: [
            "", "784111777", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        ])
    func others(_ text: String) { #expect(InternetTime.date(ofHeader: text) == nil) }
}
