"""Makes the documents in this folder and what the reference implementation answers for them.

    python make.py            needs scikit-learn 1.5, nyoka, jpmml_evaluator (and Java)

Each `<name>.json` lists records and the answers of JPMML, by output field; `"error"` where it refuses a record.
"""
import json
import math
import os
import random

import numpy as np
import pandas as pd
from jpmml_evaluator import make_evaluator
from nyoka import skl_to_pmml
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">\n<Header/>\n'


def exported():
    frame, target = load_iris(return_X_y=True, as_frame=True)
    frame.columns = ["sl", "sw", "pl", "pw"]
    models = {
        "tree": (StandardScaler(), DecisionTreeClassifier(max_depth=4, random_state=1)),
        "tree-regressor": (MinMaxScaler(), DecisionTreeRegressor(max_depth=4, random_state=1)),
        "linear": (StandardScaler(), LinearRegression()),
        "network": (StandardScaler(), MLPClassifier((5, 3), max_iter=200, random_state=1)),
        "network-regressor": (StandardScaler(), MLPRegressor((4,), max_iter=200, activation="tanh", random_state=1)),
        "boosting-regressor": (StandardScaler(), GradientBoostingRegressor(n_estimators=5, random_state=1)),
    }
    for name, (scaler, model) in models.items():
        pipeline = Pipeline([("scale", scaler), ("model", model)]).fit(frame, target)
        skl_to_pmml(pipeline, list(frame.columns), "species", f"{HERE}/{name}.pmml")
        rows = frame.sample(12, random_state=2).to_dict("records")
        rows += [{**rows[0], "sw": None}, {**rows[1], "pl": "abc"}, {"sl": 5.0}, {**rows[2], "pw": -1e9}]
        yield name, rows


WRITTEN = {
    "scorecard": (
        """<DataDictionary>
<DataField name="department" optype="categorical" dataType="string"/>
<DataField name="age" optype="continuous" dataType="integer"/>
<DataField name="income" optype="continuous" dataType="double"/>
<DataField name="score" optype="continuous" dataType="double"/>
</DataDictionary>
<Scorecard modelName="risk" functionName="regression" useReasonCodes="true" reasonCodeAlgorithm="pointsBelow"
 initialScore="5" baselineMethod="other">
<MiningSchema>
<MiningField name="department"/><MiningField name="age"/><MiningField name="income" invalidValueTreatment="asMissing"/>
<MiningField name="score" usageType="target"/>
</MiningSchema>
<Output>
<OutputField name="final" feature="predictedValue" dataType="double" optype="continuous"/>
<OutputField name="reason1" rank="1" feature="reasonCode" dataType="string" optype="categorical"/>
<OutputField name="reason2" rank="2" feature="reasonCode" dataType="string" optype="categorical"/>
</Output>
<Characteristics>
<Characteristic name="departmentScore" reasonCode="RC1" baselineScore="19">
<Attribute partialScore="-9"><SimplePredicate field="department" operator="isMissing"/></Attribute>
<Attribute partialScore="19"><SimplePredicate field="department" operator="equal" value="marketing"/></Attribute>
<Attribute partialScore="3"><SimplePredicate field="department" operator="equal" value="engineering"/></Attribute>
<Attribute partialScore="6"><SimplePredicate field="department" operator="equal" value="business"/></Attribute>
<Attribute partialScore="0"><True/></Attribute>
</Characteristic>
<Characteristic name="ageScore" reasonCode="RC2" baselineScore="18">
<Attribute partialScore="-1"><SimplePredicate field="age" operator="isMissing"/></Attribute>
<Attribute partialScore="-3"><SimplePredicate field="age" operator="lessOrEqual" value="18"/></Attribute>
<Attribute partialScore="0"><CompoundPredicate booleanOperator="and">
<SimplePredicate field="age" operator="greaterThan" value="18"/>
<SimplePredicate field="age" operator="lessOrEqual" value="29"/></CompoundPredicate></Attribute>
<Attribute partialScore="18"><SimplePredicate field="age" operator="greaterThan" value="29"/></Attribute>
</Characteristic>
<Characteristic name="incomeScore" reasonCode="RC3" baselineScore="10">
<Attribute partialScore="5"><SimplePredicate field="income" operator="isMissing"/></Attribute>
<Attribute reasonCode="RC3_1"><SimplePredicate field="income" operator="lessOrEqual" value="1000"/>
<ComplexPartialScore><Apply function="+"><Apply function="*"><Constant>0.03</Constant><FieldRef field="income"/></Apply>
<Constant>11</Constant></Apply></ComplexPartialScore></Attribute>
<Attribute partialScore="26"><SimplePredicate field="income" operator="greaterThan" value="1000"/></Attribute>
</Characteristic>
</Characteristics>
</Scorecard>""",
        lambda r: {
            "department": r.choice(["marketing", "engineering", "business", "other", None]),
            "age": r.choice([None, 18, 19, 29, 30, 55]), "income": r.choice([None, 0, 999.5, 1000, 1001, 5e4])},
    ),
    "glm": (
        """<DataDictionary>
<DataField name="dose" optype="continuous" dataType="double"/>
<DataField name="sex" optype="categorical" dataType="string"><Value value="f"/><Value value="m"/></DataField>
<DataField name="outcome" optype="categorical" dataType="string"><Value value="dead"/><Value value="alive"/></DataField>
</DataDictionary>
<GeneralRegressionModel functionName="classification" modelType="generalizedLinear" linkFunction="logit"
 distribution="binomial" targetVariableName="outcome" targetReferenceCategory="dead">
<MiningSchema><MiningField name="dose"/><MiningField name="sex"/><MiningField name="outcome" usageType="target"/></MiningSchema>
<Output><OutputField name="p_alive" feature="probability" value="alive" dataType="double" optype="continuous"/>
<OutputField name="p_dead" feature="probability" value="dead" dataType="double" optype="continuous"/></Output>
<ParameterList><Parameter name="p0" label="intercept"/><Parameter name="p1"/><Parameter name="p2"/><Parameter name="p3"/></ParameterList>
<FactorList><Predictor name="sex"/></FactorList><CovariateList><Predictor name="dose"/></CovariateList>
<PPMatrix><PPCell value="m" predictorName="sex" parameterName="p1"/><PPCell value="1" predictorName="dose" parameterName="p2"/>
<PPCell value="m" predictorName="sex" parameterName="p3"/><PPCell value="2" predictorName="dose" parameterName="p3"/></PPMatrix>
<ParamMatrix><PCell parameterName="p0" beta="-1.25" targetCategory="alive"/><PCell parameterName="p1" beta="0.7" targetCategory="alive"/>
<PCell parameterName="p2" beta="0.33" targetCategory="alive"/><PCell parameterName="p3" beta="-0.011" targetCategory="alive"/></ParamMatrix>
</GeneralRegressionModel>""",
        lambda r: {"dose": r.choice([None, 0, 1.5, r.uniform(-5, 20)]), "sex": r.choice(["f", "m", "m", "f", "x"])},
    ),
    "clusters": (
        """<DataDictionary><DataField name="x" optype="continuous" dataType="double"/>
<DataField name="y" optype="continuous" dataType="double"/></DataDictionary>
<ClusteringModel functionName="clustering" modelClass="centerBased" numberOfClusters="3">
<MiningSchema><MiningField name="x"/><MiningField name="y" missingValueReplacement="0.5"/></MiningSchema>
<Output><OutputField name="cluster" feature="predictedValue" dataType="string" optype="categorical"/>
<OutputField name="distance" feature="affinity" dataType="double" optype="continuous"/></Output>
<ComparisonMeasure kind="distance"><squaredEuclidean/></ComparisonMeasure>
<ClusteringField field="x" compareFunction="absDiff"/><ClusteringField field="y" compareFunction="absDiff"/>
<Cluster id="a"><Array n="2" type="real">0 0</Array></Cluster><Cluster id="b"><Array n="2" type="real">1 1</Array></Cluster>
<Cluster id="c"><Array n="2" type="real">-2 3.5</Array></Cluster></ClusteringModel>""",
        lambda r: {"x": r.uniform(-3, 3), "y": r.choice([None, r.uniform(-3, 4)])},
    ),
    "transformations": (
        """<DataDictionary>
<DataField name="x" optype="continuous" dataType="double"><Interval closure="closedClosed" leftMargin="-100" rightMargin="100"/></DataField>
<DataField name="n" optype="continuous" dataType="integer"/>
<DataField name="colour" optype="categorical" dataType="string"><Value value="red"/><Value value="green"/>
<Value value="blue"/><Value value="?" property="missing"/></DataField>
<DataField name="y" optype="continuous" dataType="double"/></DataDictionary>
<TransformationDictionary>
<DefineFunction name="twice" optype="continuous" dataType="double"><ParameterField name="a" dataType="double" optype="continuous"/>
<Apply function="+"><FieldRef field="a"/><FieldRef field="a"/></Apply></DefineFunction>
<DerivedField name="bin" optype="categorical" dataType="string"><Discretize field="x" defaultValue="high" mapMissingTo="none">
<DiscretizeBin binValue="low"><Interval closure="openOpen" rightMargin="0"/></DiscretizeBin>
<DiscretizeBin binValue="mid"><Interval closure="closedOpen" leftMargin="0" rightMargin="10"/></DiscretizeBin></Discretize></DerivedField>
<DerivedField name="weight" optype="continuous" dataType="double"><MapValues outputColumn="w" defaultValue="9" mapMissingTo="-1">
<FieldColumnPair field="colour" column="c"/><InlineTable><row><c>red</c><w>1.5</w></row><row><c>green</c><w>2.5</w></row></InlineTable></MapValues></DerivedField>
<DerivedField name="line" optype="continuous" dataType="double"><NormContinuous field="x" outliers="asExtremeValues">
<LinearNorm orig="-10" norm="0"/><LinearNorm orig="0" norm="0.25"/><LinearNorm orig="20" norm="1"/></NormContinuous></DerivedField>
<DerivedField name="isRed" optype="continuous" dataType="double"><NormDiscrete field="colour" value="red" mapMissingTo="0.5"/></DerivedField>
<DerivedField name="doubled" optype="continuous" dataType="double"><Apply function="twice"><FieldRef field="x"/></Apply></DerivedField>
<DerivedField name="chosen" optype="continuous" dataType="double"><Apply function="if">
<Apply function="and"><Apply function="isNotMissing"><FieldRef field="n"/></Apply><Apply function="greaterThan"><FieldRef field="n"/><Constant dataType="integer">3</Constant></Apply></Apply>
<Apply function="ln"><Apply function="abs"><Apply function="+"><FieldRef field="n"/><Constant dataType="double">0.5</Constant></Apply></Apply></Apply>
<Apply function="max"><FieldRef field="x"/><Constant dataType="double">-2</Constant></Apply></Apply></DerivedField>
</TransformationDictionary>
<RegressionModel functionName="regression">
<MiningSchema><MiningField name="x" outliers="asExtremeValues" lowValue="-50" highValue="50" missingValueReplacement="7"/>
<MiningField name="n"/><MiningField name="colour" invalidValueTreatment="asMissing"/><MiningField name="y" usageType="target"/></MiningSchema>
<Output><OutputField name="y_hat" feature="predictedValue" dataType="double" optype="continuous"/>
<OutputField name="y_scaled" feature="transformedValue" dataType="double" optype="continuous"><Apply function="/"><FieldRef field="y_hat"/><Constant dataType="double">3</Constant></Apply></OutputField></Output>
<Targets><Target field="y" optype="continuous" rescaleFactor="1.5" rescaleConstant="-2" min="-5000" max="4000"/></Targets>
<LocalTransformations><DerivedField name="power" optype="continuous" dataType="double"><Apply function="pow"><FieldRef field="line"/><Constant dataType="double">1.7</Constant></Apply></DerivedField></LocalTransformations>
<RegressionTable intercept="0.125">
<NumericPredictor name="weight" coefficient="2.25"/><NumericPredictor name="power" coefficient="-3.5"/><NumericPredictor name="isRed" coefficient="0.3"/>
<NumericPredictor name="doubled" coefficient="0.11" exponent="2"/><NumericPredictor name="chosen" coefficient="1.01"/>
<CategoricalPredictor name="bin" value="low" coefficient="-4"/><CategoricalPredictor name="bin" value="mid" coefficient="0.7"/>
<PredictorTerm coefficient="0.01"><FieldRef field="weight"/><FieldRef field="line"/></PredictorTerm></RegressionTable></RegressionModel>""",
        lambda r: {"x": r.choice([None, 0, 10, 20, -60, 99, 101, r.uniform(-20, 30)]), "n": r.choice([None, 3, 4, 17, 2.5]),
                   "colour": r.choice(["red", "green", "blue", "?", "pink", None])},
    ),
    "logistic": (
        """<DataDictionary><DataField name="a" optype="continuous" dataType="double"/><DataField name="b" optype="continuous" dataType="double"/>
<DataField name="k" optype="categorical" dataType="string"><Value value="one"/><Value value="two"/><Value value="three"/></DataField></DataDictionary>
<RegressionModel functionName="classification" normalizationMethod="softmax">
<MiningSchema><MiningField name="a"/><MiningField name="b"/><MiningField name="k" usageType="target"/></MiningSchema>
<Output><OutputField name="p1" feature="probability" value="one" dataType="double" optype="continuous"/><OutputField name="p2" feature="probability" value="two" dataType="double" optype="continuous"/>
<OutputField name="p3" feature="probability" value="three" dataType="double" optype="continuous"/></Output>
<RegressionTable intercept="0.5" targetCategory="one"><NumericPredictor name="a" coefficient="1.3"/><NumericPredictor name="b" coefficient="-0.2"/></RegressionTable>
<RegressionTable intercept="-0.5" targetCategory="two"><NumericPredictor name="a" coefficient="0.3"/><NumericPredictor name="b" coefficient="0.9"/></RegressionTable>
<RegressionTable intercept="0" targetCategory="three"/></RegressionModel>""",
        lambda r: {"a": r.choice([None, r.uniform(-3, 3), r.uniform(-3, 3)]), "b": r.uniform(-400, 400) if r.random() < 0.1 else r.uniform(-3, 3)},
    ),
    "forest": (
        """<DataDictionary><DataField name="a" optype="continuous" dataType="float"/><DataField name="b" optype="categorical" dataType="string"><Value value="u"/><Value value="v"/><Value value="w"/></DataField>
<DataField name="k" optype="categorical" dataType="string"><Value value="no"/><Value value="yes"/></DataField></DataDictionary>
<MiningModel functionName="classification"><MiningSchema><MiningField name="a"/><MiningField name="b"/><MiningField name="k" usageType="target"/></MiningSchema>
<Output><OutputField name="p_yes" feature="probability" value="yes" dataType="double" optype="continuous"/></Output>
<Segmentation multipleModelMethod="average">
<Segment id="1"><True/><TreeModel functionName="classification" missingValueStrategy="defaultChild" splitCharacteristic="binarySplit">
<MiningSchema><MiningField name="a"/><MiningField name="b"/></MiningSchema>
<Node id="0" defaultChild="2" recordCount="30"><True/>
<Node id="1" score="no" recordCount="10"><SimplePredicate field="a" operator="lessOrEqual" value="0.1"/><ScoreDistribution value="no" recordCount="9"/><ScoreDistribution value="yes" recordCount="1"/></Node>
<Node id="2" score="yes" recordCount="20"><SimplePredicate field="a" operator="greaterThan" value="0.1"/><ScoreDistribution value="no" recordCount="3"/><ScoreDistribution value="yes" recordCount="17"/></Node></Node></TreeModel></Segment>
<Segment id="2"><True/><TreeModel functionName="classification" missingValueStrategy="none" noTrueChildStrategy="returnLastPrediction">
<MiningSchema><MiningField name="a"/><MiningField name="b"/></MiningSchema>
<Node id="0" score="no" recordCount="8"><True/><ScoreDistribution value="no" recordCount="5"/><ScoreDistribution value="yes" recordCount="3"/>
<Node id="1" score="yes" recordCount="4"><SimpleSetPredicate field="b" booleanOperator="isIn"><Array type="string" n="2">u "v"</Array></SimpleSetPredicate><ScoreDistribution value="no" recordCount="1"/><ScoreDistribution value="yes" recordCount="3"/></Node>
<Node id="2" score="no" recordCount="4"><CompoundPredicate booleanOperator="surrogate"><SimplePredicate field="a" operator="lessThan" value="2"/><SimplePredicate field="b" operator="equal" value="w"/></CompoundPredicate><ScoreDistribution value="no" recordCount="4"/><ScoreDistribution value="yes" recordCount="0"/></Node></Node></TreeModel></Segment>
</Segmentation></MiningModel>""",
        lambda r: {"a": r.choice([None, 0.1, 0.1000000001, 0.2, r.uniform(-1, 3)]), "b": r.choice(["u", "v", "w", None])},
    ),
}


def written():
    for name, (body, draw) in WRITTEN.items():
        with open(f"{HERE}/{name}.pmml", "w") as file:
            file.write(HEAD + body + "\n</PMML>\n")
        generator = random.Random(name)
        yield name, [draw(generator) for _ in range(40)]


def plain(value):
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def main():
    for name, rows in [*exported(), *written()]:
        evaluator = make_evaluator(f"{HERE}/{name}.pmml")
        cases = []
        for row in rows:
            try:
                answer = {str(key): plain(value) for key, value in evaluator.evaluate(row).items()}
            except Exception as error:
                answer = {"error": str(error).splitlines()[0].split(": ", 1)[-1]}
            cases.append({"record": row, "answer": answer})
        with open(f"{HERE}/{name}.json", "w") as file:
            json.dump(cases, file, indent=0)
        print(name, len(cases), sum("error" in c["answer"] for c in cases))


main()
