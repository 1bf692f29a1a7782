// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

interface IPair {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function getReserves() external view returns (uint112, uint112, uint32);
    function mint(address to) external returns (uint256);
    function burn(address to) external returns (uint256, uint256);
    function swap(uint256 out0, uint256 out1, address to, bytes calldata data) external;
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

interface IPool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function mint(address to, int24 lower, int24 upper, uint128 amount, bytes calldata data)
        external
        returns (uint256, uint256);
    function burn(int24 lower, int24 upper, uint128 amount) external returns (uint256, uint256);
    function collect(address to, int24 lower, int24 upper, uint128 max0, uint128 max1)
        external
        returns (uint128, uint128);
    function swap(address to, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256, int256);
}

/// A token that anybody may mint, with decimals of choice.
contract TestToken is ERC20 {
    uint8 private immutable _decimals;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }
}

/// A price in USD with eight decimals that anybody may set; it answers as a Chainlink proxy does.
contract PriceFeed {
    uint8 public constant decimals = 8;
    string public description;
    uint80 private _round;
    int256 private _answer;
    uint256 private _time;

    constructor(string memory description_, int256 answer) {
        description = description_;
        set(answer);
    }

    function set(int256 answer) public {
        _round += 1;
        _answer = answer;
        _time = block.timestamp;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (_round, _answer, _time, _time, _round);
    }
}

/// Moves money in and out of Uniswap V2 pairs on behalf of its caller.
contract PairRouter {
    function add(IPair pair, uint256 amount0, uint256 amount1) external {
        IERC20(pair.token0()).transferFrom(msg.sender, address(pair), amount0);
        IERC20(pair.token1()).transferFrom(msg.sender, address(pair), amount1);
        pair.mint(msg.sender);
    }

    function remove(IPair pair, uint256 shares) external {
        pair.transferFrom(msg.sender, address(pair), shares);
        pair.burn(msg.sender);
    }

    function swap(IPair pair, bool zeroForOne, uint256 amountIn) external {
        (uint256 r0, uint256 r1,) = pair.getReserves();
        (uint256 rIn, uint256 rOut) = zeroForOne ? (r0, r1) : (r1, r0);
        IERC20(zeroForOne ? pair.token0() : pair.token1()).transferFrom(msg.sender, address(pair), amountIn);
        uint256 out = (amountIn * 997 * rOut) / (rIn * 1000 + amountIn * 997);
        pair.swap(zeroForOne ? 0 : out, zeroForOne ? out : 0, msg.sender, "");
    }
}

/// Holds the Uniswap V3 positions of its owner: a pool's burn is for the position's own address only.
contract RangeVault {
    address private immutable _owner;

    constructor(address owner) {
        _owner = owner;
    }

    modifier onlyOwner() {
        require(msg.sender == _owner, "RangeVault: not the owner");
        _;
    }

    function enter(IPool pool, int24 lower, int24 upper, uint128 liquidity) external onlyOwner {
        pool.mint(address(this), lower, upper, liquidity, abi.encode(pool));
    }

    function leave(IPool pool, int24 lower, int24 upper, uint128 liquidity) external onlyOwner {
        pool.burn(lower, upper, liquidity);
        pool.collect(_owner, lower, upper, type(uint128).max, type(uint128).max);
    }

    function swap(IPool pool, bool zeroForOne, int256 amount) external onlyOwner {
        uint160 limit = zeroForOne ? 4295128740 : 1461446703485210103287273052203988822378723970341;
        pool.swap(_owner, zeroForOne, amount, limit, abi.encode(pool));
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata data) external {
        _pay(abi.decode(data, (IPool)), int256(owed0), int256(owed1));
    }

    function uniswapV3SwapCallback(int256 delta0, int256 delta1, bytes calldata data) external {
        _pay(abi.decode(data, (IPool)), delta0, delta1);
    }

    function _pay(IPool pool, int256 owed0, int256 owed1) private {
        require(msg.sender == address(pool), "RangeVault: not the pool");
        if (owed0 > 0) IERC20(pool.token0()).transferFrom(_owner, msg.sender, uint256(owed0));
        if (owed1 > 0) IERC20(pool.token1()).transferFrom(_owner, msg.sender, uint256(owed1));
    }
}
