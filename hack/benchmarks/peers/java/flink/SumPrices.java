package flink;

import data.Total;
import org.apache.flink.api.common.functions.AggregateFunction;

/** Count and sum, one price at a time. */
final class SumPrices implements AggregateFunction<KeyedPrice, Total, Total> {
    private static final long serialVersionUID = 1;

    @Override
    public Total createAccumulator() {
        return new Total();
    }

    @Override
    public Total add(KeyedPrice price, Total total) {
        return total.add(price.price);
    }

    @Override
    public Total getResult(Total total) {
        return total;
    }

    @Override
    public Total merge(Total one, Total other) {
        return one.merge(other);
    }
}
