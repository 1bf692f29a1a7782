// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {
    GovernorSequentialProposalId
} from "@openzeppelin/contracts/governance/extensions/GovernorSequentialProposalId.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorStorage} from "@openzeppelin/contracts/governance/extensions/GovernorStorage.sol";
import {GovernorSuperQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorSuperQuorum.sol";
import {
    GovernorTimelockCompound,
    ICompoundTimelock
} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockCompound.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {
    GovernorVotesSuperQuorumFraction
} from "@openzeppelin/contracts/governance/extensions/GovernorVotesSuperQuorumFraction.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {VotesToken} from "./Votes.sol";

/// A voting token whose clock counts seconds.
contract SecondsToken is VotesToken {
    constructor(string memory name_, string memory symbol_, uint256 supply) VotesToken(name_, symbol_, supply) {}

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }
}

/// What the governors below share: simple counting and a quorum of 4 % of the supply.
abstract contract FractionGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction
{
    constructor(string memory name_, IVotes token_, uint48 delay, uint32 period)
        Governor(name_)
        GovernorSettings(delay, period, 0)
        GovernorVotes(token_)
        GovernorVotesQuorumFraction(4)
    {}

    function proposalThreshold() public view virtual override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }
}

/// OpenZeppelin 5 with its own timelock; its clock is its token's.
contract TimelockedGovernor is FractionGovernor, GovernorTimelockControl {
    constructor(string memory name_, IVotes token_, TimelockController timelock_, uint48 delay, uint32 period)
        FractionGovernor(name_, token_, delay, period)
        GovernorTimelockControl(timelock_)
    {}

    function proposalThreshold() public view override(Governor, FractionGovernor) returns (uint256) {
        return super.proposalThreshold();
    }

    function state(uint256 id) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(id);
    }

    function proposalNeedsQueuing(uint256 id) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(id);
    }

    function _queueOperations(uint256 id, address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, GovernorTimelockControl)
        returns (uint48)
    {
        return super._queueOperations(id, t, v, c, d);
    }

    function _executeOperations(uint256 id, address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, GovernorTimelockControl)
    {
        super._executeOperations(id, t, v, c, d);
    }

    function _cancel(address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, GovernorTimelockControl)
        returns (uint256)
    {
        return super._cancel(t, v, c, d);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}

/// OpenZeppelin 5 without a timelock: voting is over at once when half of the supply is for it.
contract SuperGovernor is FractionGovernor, GovernorVotesSuperQuorumFraction {
    constructor(string memory name_, IVotes token_, uint48 delay, uint32 period)
        FractionGovernor(name_, token_, delay, period)
        GovernorVotesSuperQuorumFraction(50)
    {}

    function proposalThreshold() public view override(Governor, FractionGovernor) returns (uint256) {
        return super.proposalThreshold();
    }

    function proposalVotes(uint256 id)
        public
        view
        override(GovernorCountingSimple, GovernorSuperQuorum)
        returns (uint256, uint256, uint256)
    {
        return super.proposalVotes(id);
    }

    function state(uint256 id) public view override(Governor, GovernorVotesSuperQuorumFraction) returns (ProposalState) {
        return super.state(id);
    }

    function _updateQuorumNumerator(uint256 numerator)
        internal
        override(GovernorVotesQuorumFraction, GovernorVotesSuperQuorumFraction)
    {
        super._updateQuorumNumerator(numerator);
    }
}

/// OpenZeppelin 5 with Compound's timelock.
contract CompoundTimelockGovernor is FractionGovernor, GovernorTimelockCompound {
    constructor(string memory name_, IVotes token_, ICompoundTimelock timelock_, uint48 delay, uint32 period)
        FractionGovernor(name_, token_, delay, period)
        GovernorTimelockCompound(timelock_)
    {}

    function proposalThreshold() public view override(Governor, FractionGovernor) returns (uint256) {
        return super.proposalThreshold();
    }

    function state(uint256 id) public view override(Governor, GovernorTimelockCompound) returns (ProposalState) {
        return super.state(id);
    }

    function proposalNeedsQueuing(uint256 id) public view override(Governor, GovernorTimelockCompound) returns (bool) {
        return super.proposalNeedsQueuing(id);
    }

    function _queueOperations(uint256 id, address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, GovernorTimelockCompound)
        returns (uint48)
    {
        return super._queueOperations(id, t, v, c, d);
    }

    function _executeOperations(uint256 id, address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, GovernorTimelockCompound)
    {
        super._executeOperations(id, t, v, c, d);
    }

    function _cancel(address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        internal
        override(Governor, GovernorTimelockCompound)
        returns (uint256)
    {
        return super._cancel(t, v, c, d);
    }

    function _executor() internal view override(Governor, GovernorTimelockCompound) returns (address) {
        return super._executor();
    }
}

/// OpenZeppelin 5 without a timelock: it keeps its proposals, numbers them from 1, and carries them out itself.
contract StoringGovernor is FractionGovernor, GovernorStorage, GovernorSequentialProposalId {
    constructor(string memory name_, IVotes token_, uint48 delay, uint32 period)
        FractionGovernor(name_, token_, delay, period)
    {}

    function proposalThreshold() public view override(Governor, FractionGovernor) returns (uint256) {
        return super.proposalThreshold();
    }

    function getProposalId(address[] memory t, uint256[] memory v, bytes[] memory c, bytes32 d)
        public
        view
        override(Governor, GovernorSequentialProposalId)
        returns (uint256)
    {
        return super.getProposalId(t, v, c, d);
    }

    function _propose(address[] memory t, uint256[] memory v, bytes[] memory c, string memory d, address proposer)
        internal
        override(Governor, GovernorStorage, GovernorSequentialProposalId)
        returns (uint256)
    {
        return super._propose(t, v, c, d, proposer);
    }
}
