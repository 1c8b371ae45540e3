import NetworkTypes
import ServicesExport
import Testing

@testable import GatewaySync

@Suite("What the guard of exports holds back") struct ExportGuardTests {
    private static let networks = (1...8).map { AddressPrefix("10.\($0).0.0/16")! }

    private func rule(_ sources: [AddressPrefix] = networks, except: [String] = []) -> EgressRule {
        EgressRule(
            name: "out", addressName: "out-ip", addresses: [IPAddress("198.51.100.36")!], sources: sources,
            exceptions: except.map { AddressPrefix($0)! })
    }

    /// What is said of an export with other egress rules than those in force.
    private func objections(to rules: [EgressRule], from before: [EgressRule]) -> [String] {
        var changes = ExportChanges(removed: [], added: [])
        changes.egress = rules
        return ExportGuard().objections(to: changes, egress: before, endpoints: 0, isNextEmpty: true)
    }

    @Test("exceptions of all destinations take egress away as a rule that is gone does")
    func exceptions() {
        let all = ["it withdraws egress from 8 of 8 inside networks; at most 50 % may go at once"]
        #expect(objections(to: [], from: [rule()]) == all)
        #expect(objections(to: [rule(except: ["0.0.0.0/0"])], from: [rule()]) == all)
        #expect(objections(to: [rule(except: ["0.0.0.0/1", "128.0.0.0/1"])], from: [rule()]) == all)
        #expect(objections(to: [rule(except: ["10.0.0.0/8"])], from: [rule()]).isEmpty)
        // A rule that led nowhere takes nothing away.
        #expect(objections(to: [], from: [rule(except: ["0.0.0.0/0"])]).isEmpty)
    }

    private func table(_ elements: [TableElement]) -> KernelState.Table { KernelState.Table(elements: Set(elements)) }

    private func next(_ rules: [EgressRule] = []) throws -> DesiredState {
        DesiredState(try ServicesDocument(parsing: ServicesCSV.write([], egress: rules)))
    }

    @Test("without a state, an export is compared with the egress that the kernel has")
    func kernel() throws {
        let inside = Self.networks.map { TableElement.inside($0) }
        let all = [
            "it withdraws egress from 8 of 8 inside networks that the kernel lets out; at most 50 % may go at once"
        ]
        #expect(ExportGuard().objections(to: try next(), over: table(inside)) == all)
        #expect(ExportGuard().objections(to: try next([rule(except: ["0.0.0.0/0"])]), over: table(inside)) == all)
        #expect(ExportGuard().objections(to: try next([rule()]), over: table(inside)).isEmpty)
        #expect(ExportGuard().objections(to: try next(), over: table(Array(inside.prefix(4)))).isEmpty)
        let exempt = Self.networks.map { TableElement.exempt($0, to: AddressPrefix("0.0.0.0/0")!) }
        #expect(ExportGuard().objections(to: try next(), over: table(inside + exempt)).isEmpty)
    }

    @Test("without a state, an export that has egress alone is empty of services")
    func empty() throws {
        let ports = (1...5).map { TableElement.port(IPAddress("198.51.100.36")!, .tcp, UInt16($0)) }
        let reasons = ["it is empty, and the kernel admits 5 ports and ranges"]
        #expect(ExportGuard().objections(to: try next(), over: table(ports)) == reasons)
        #expect(ExportGuard().objections(to: try next([rule()]), over: table(ports)) == reasons)
    }
}
